/** What is changed of who may what, and its note in the audit: one statement, so that neither is there without the other. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changeUser, disableUser, enableUser } from '../../src/lib/server/access/administer';
import { endDisplay, openDisplay } from '../../src/lib/server/access/displays';
import { invite, inviteToReset, join, revokeInvitation } from '../../src/lib/server/access/invitations';
import { createKey, revokeKey, rotateKey, setKeyMode } from '../../src/lib/server/access/keys';
import { endLogin, endLogins, logIn } from '../../src/lib/server/access/logins';
import { changeScreen, createScreen, reloadScreen, renewLink, revokeScreen } from '../../src/lib/server/access/screens';
import { hashOf } from '../../src/lib/server/access/secrets';
import { createToken, revokeToken } from '../../src/lib/server/access/tokens';
import { applyAdminPassword, setPassword } from '../../src/lib/server/access/users';
import type { Sql } from '../../src/lib/server/db/connect';
import { actor } from '../support/actor';
import { testDatabase, type TestDatabase } from '../support/database';

const ANN = actor('ann');
const FROM = { address: '198.51.100.7', userAgent: null };
const HASH = `scrypt$2$1$1$${'a'.repeat(22)}$${'b'.repeat(43)}`;
const SCREEN = { name: 'Lobby', shops: null, masked: false, expiresAt: null };
const KEY = { name: 'web', shop: null, kind: 'browser', origins: [] } as const;

let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
	database = await testDatabase();
	({ sql } = database);
	await sql`
		insert into users (id, name, password, role, disabled_at)
		values ('ann', 'ann', ${HASH}, 'admin', null), ('bob', 'bob', ${HASH}, 'viewer', null), ('cy', 'cy', ${HASH}, 'viewer', now())`;
	await sql`
		insert into invitations (id, token_hash, name, role, created_by, expires_at)
		values
			('dee', ${hashOf('dee')}, 'dee', 'viewer', 'ann', now() + interval '1 hour'),
			('eve', ${hashOf('eve')}, 'eve', 'viewer', 'ann', now() + interval '1 hour')`;
	await sql`
		insert into logins (id, token_hash, user_id, expires_at) values ('login', ${hashOf('login')}, 'bob', now() + interval '1 hour')`;
	await sql`insert into screens (id, name, token_hash, created_by) values ('s', 'Lobby', ${hashOf('s')}, 'ann')`;
	await sql`insert into displays (id, token_hash, screen_id) values ('d', ${hashOf('d')}, 's')`;
	await sql`
		insert into write_keys (id, name, kind, token_hash, created_by) values ('k', 'web', 'browser', ${hashOf('k')}, 'ann')`;
	await sql`
		insert into api_tokens (id, name, token_hash, scopes, created_by)
		values ('t', 'reader', ${hashOf('t')}, array['read'], 'ann')`;
	// Whatever notes anything fails from here on, as long as it stands.
	await sql.unsafe(`
		create function refuse_note() returns trigger language plpgsql as 'begin raise exception ''no notes''; end';
		create trigger no_notes before insert on audit for each row execute function refuse_note();
	`);
});
afterAll(() => database.drop());

/** Every deed of access that is noted, by its action, and on what it is done; by ann where nobody else is named. */
const DEEDS: [action: string, deed: () => Promise<unknown>, by?: string][] = [
	['login.succeeded', () => logIn(sql, { id: 'bob', name: 'bob' }, FROM), 'bob'],
	['login.ended', () => endLogin(sql, 'bob', 'login', ANN)],
	['login.ended', () => endLogins(sql, 'bob', ANN)],
	['user.invited', () => invite(sql, { name: null, role: 'viewer', shops: ['a.example'] }, ANN)],
	['user.invited', () => inviteToReset(sql, 'bob', ANN)],
	['user.joined', () => join(sql, 'dee', { name: null, password: 'correct horse battery' }, FROM), 'dee'],
	['user.changed', () => changeUser(sql, 'bob', { role: 'operator', shops: null }, ANN)],
	['user.disabled', () => disableUser(sql, 'bob', ANN)],
	['user.enabled', () => enableUser(sql, 'cy', ANN)],
	['password.changed', () => setPassword(sql, 'bob', 'correct horse battery', ANN)],
	['password.changed', () => applyAdminPassword(sql, HASH), 'ADMIN_PASSWORD'],
	['invitation.revoked', () => revokeInvitation(sql, 'eve', ANN)],
	['screen.created', () => createScreen(sql, SCREEN, ANN)],
	['screen.changed', () => changeScreen(sql, 's', { ...SCREEN, name: 'Hall' }, ANN)],
	['screen.changed', () => renewLink(sql, 's', ANN)],
	['screen.reloaded', () => reloadScreen(sql, 's', ANN)],
	['display.opened', () => openDisplay(sql, 's', FROM, ANN)],
	['display.ended', () => endDisplay(sql, 'd', ANN)],
	['screen.revoked', () => revokeScreen(sql, 's', ANN)],
	['key.created', () => createKey(sql, { ...KEY, origins: [] }, ANN)],
	['key.rotated', () => rotateKey(sql, 'k', Date.now() + 1_000, ANN)],
	['key.revoked', () => revokeKey(sql, 'k', ANN)],
	['key.mode', () => setKeyMode(sql, 'mark', ANN)],
	['token.created', () => createToken(sql, { name: 'reader', scopes: ['read'], shops: null, expiresAt: null }, ANN)],
	['token.revoked', () => revokeToken(sql, 't', ANN)]
];

/** All that access keeps, row by row. */
async function kept(): Promise<unknown> {
	const tables = [
		'users',
		'invitations',
		'logins',
		'screens',
		'displays',
		'write_keys',
		'api_tokens',
		'access_settings'
	];
	return Promise.all(
		tables.map((table) => sql`select row_to_json(kept)::text as row from ${sql(table)} as kept order by 1`)
	);
}

test('what cannot be noted is not done', async () => {
	const before = await kept();
	for (const [action, deed] of DEEDS) await expect(deed(), action).rejects.toThrow('no notes');
	expect(await kept()).toEqual(before);
});

test('what is done is noted once, with who did it and to whom, and no secret', async () => {
	await sql.unsafe('drop trigger no_notes on audit');
	for (const [action, deed, by = 'ann'] of DEEDS) {
		const [before] = await sql<{ last: string | null }[]>`select max(id) as last from audit`;
		const done = await deed();
		const notes = await sql<{ action: string; actor: string; object: string | null; text: string }[]>`
			select action, actor, object, audit::text as text from audit where id > coalesce(${before?.last ?? null}::bigint, 0)`;
		expect(notes.map((note) => [note.action, note.actor])).toEqual([[action, by]]);
		const secret = typeof done === 'object' && done !== null && 'secret' in done ? String(done.secret) : String(done);
		if (secret.length > 20) expect(notes[0]?.text).not.toContain(secret);
		expect(notes[0]?.text).not.toContain('scrypt');
	}
});
