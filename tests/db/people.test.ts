/**
 * People in a real database: invitations are used once, logins end, somebody can always administer, and the audit only grows.
 * One file, because each of these meets the others: an invitation ends with who made it, a login with its password.
 */
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startAccess, type Access } from '../../src/lib/server/access';
import { changeUser, disableUser, enableUser, listUsers } from '../../src/lib/server/access/administer';
import { note } from '../../src/lib/server/access/audit';
import { invitationOf, invite, inviteFirst, inviteToReset, join, openInvitations, revokeInvitation } from '../../src/lib/server/access/invitations'; // prettier-ignore
import {
	aliveLogins,
	beginLogin,
	endLogin,
	endLogins,
	loginsOf,
	visitorOfLogin
} from '../../src/lib/server/access/logins';
import { passwordHash } from '../../src/lib/server/access/passwords';
import { anybody, applyAdminPassword, readName, setPassword, userWith } from '../../src/lib/server/access/users';
import { AT_THE_MACHINE, type Role } from '../../src/lib/server/access/visitor';
import { audit } from '../../src/lib/server/read/audit';
import { actor, TESTER } from '../support/actor';
import { testDatabase, type TestDatabase } from '../support/database';

// What a password hashes to is real, and worked out once: each time takes a third of a second of a processor.
vi.mock(import('../../src/lib/server/access/passwords'), async (original) => {
	const real = await original();
	const hashes = new Map<string, Promise<string>>();
	const checks = new Map<string, Promise<boolean>>();
	const remembered = <T>(known: Map<string, Promise<T>>, key: string, work: () => Promise<T>): Promise<T> => {
		const found = known.get(key) ?? work();
		known.set(key, found);
		return found;
	};
	return {
		...real,
		passwordHash: (password) => remembered(hashes, password, () => real.passwordHash(password)),
		isPassword: (password, stored) =>
			remembered(checks, JSON.stringify([password, stored]), () => real.isPassword(password, stored))
	};
});

const ANN = actor('ann');
const FROM = { address: '198.51.100.7', userAgent: 'a browser' };
const PASSWORD = 'correct horse battery';
let hash: string;
let database: TestDatabase;
beforeAll(async () => {
	hash = await passwordHash(PASSWORD);
});

/** A database of its own for each group of tests: whether there is anybody matters. */
function useDatabase(): void {
	beforeAll(async () => {
		database = await testDatabase();
	});
	afterAll(() => database.drop());
}

/** Puts a user there, without the time that a hash takes. */
async function put(name: string, role: Role = 'admin'): Promise<string> {
	await database.sql`insert into users (id, name, password, role) values (${name}, ${name}, ${hash}, ${role})`;
	return name;
}

async function secretFor(role: Role, name: string | null = null, shops: string[] | null = null): Promise<string> {
	const invited = await invite(database.sql, { name, role, shops }, ANN);
	if (typeof invited === 'string') throw new Error(invited);
	return invited.secret;
}

const rename = (name: string | null) => ({ name, password: PASSWORD });

describe('the first user', () => {
	useDatabase();

	it('is made by the newest set-up link, once; then there is none any more', async () => {
		const { sql } = database;
		const [older, newer] = [await inviteFirst(sql), await inviteFirst(sql)];
		expect(await join(sql, older ?? '', rename('ann'), FROM)).toBe('gone');
		const joined = await join(sql, newer ?? '', rename('ann'), FROM);
		expect(joined).toMatchObject({ name: 'ann', role: 'admin', isReset: false });
		expect(await join(sql, newer ?? '', rename('eve'), FROM)).toBe('gone');
		expect(await inviteFirst(sql)).toBeNull();
		if (typeof joined === 'string') throw new Error(joined);
		expect(await visitorOfLogin(sql, joined.secret)).toMatchObject({ kind: 'user', name: 'ann', role: 'admin' });
	});
	it('is invited as an administrator or not at all', async () => {
		await database.sql`delete from users`;
		const viewer = await invite(database.sql, { name: null, role: 'viewer', shops: null }, TESTER);
		expect(viewer).toMatch(/first user must be an administrator/);
	});
	it('is nobody who holds a viewer’s invitation of an earlier time', async () => {
		await put('ann');
		const secret = await secretFor('viewer');
		await database.sql`delete from users`;
		expect(await join(database.sql, secret, rename('eve'), FROM)).toBe('gone');
	});
});

describe('an invitation', () => {
	useDatabase();
	beforeAll(() => put('ann'));

	it('makes one user, however many use it at the same moment', async () => {
		const { sql } = database;
		const secret = await secretFor('viewer', null, ['a.example']);
		const names = ['b0', 'b1', 'b2', 'b3', 'b4', 'b5'];
		const outcomes = await Promise.all(names.map((name) => join(sql, secret, rename(name), FROM)));
		expect(outcomes.filter((outcome) => typeof outcome === 'object')).toHaveLength(1);
		expect(outcomes.filter((outcome) => outcome === 'gone')).toHaveLength(5);
		const made = (await listUsers(sql)).filter(({ name }) => names.includes(name));
		expect(made).toMatchObject([{ role: 'viewer', shops: ['a.example'], logins: 1 }]);
	});
	it('can still be used after a name that is taken', async () => {
		const { sql } = database;
		const secret = await secretFor('operator');
		expect(await join(sql, secret, rename('ann'), FROM)).toBe('taken');
		expect(await join(sql, secret, rename('carl'), FROM)).toMatchObject({ name: 'carl', role: 'operator' });
	});
	it('gives the name that it says', async () => {
		const secret = await secretFor('viewer', 'dora');
		expect(await join(database.sql, secret, rename('ann'), FROM)).toMatchObject({ name: 'dora' });
		expect(await invite(database.sql, { name: 'dora', role: 'viewer', shops: null }, ANN)).toMatch(/already/);
	});
	it('is kept as a hash, listed while it is open, and leads nowhere once it is revoked or too old', async () => {
		const { sql } = database;
		const [revoked, old] = [await secretFor('viewer', 'erin'), await secretFor('viewer', 'fred')];
		const open = await openInvitations(sql);
		expect(open.map(({ name }) => name)).toEqual(expect.arrayContaining(['erin', 'fred']));
		expect(JSON.stringify(open)).not.toContain(revoked);
		const found = await invitationOf(sql, revoked);
		expect(await revokeInvitation(sql, found?.id ?? '', ANN)).toMatchObject({ name: 'erin' });
		expect(await revokeInvitation(sql, found?.id ?? '', ANN)).toBeNull();
		await sql`update invitations set expires_at = now() where name = 'fred'`;
		for (const secret of [revoked, old, '', 'made up'])
			expect(await join(sql, secret, rename('eve'), FROM)).toBe('gone');
		expect((await openInvitations(sql)).filter(({ name }) => name === 'erin' || name === 'fred')).toEqual([]);
	});
	it('of whoever is shut out, or administers no more, leads nowhere', async () => {
		const { sql } = database;
		await put('gus');
		await put('hal');
		const links = await Promise.all(
			['gus', 'hal'].map((name) => invite(sql, { name: null, role: 'admin', shops: null }, actor(name)))
		);
		await disableUser(sql, 'gus', ANN);
		await changeUser(sql, 'hal', { role: 'operator', shops: null }, ANN);
		for (const link of links) {
			if (typeof link === 'string') throw new Error(link);
			expect(await invitationOf(sql, link.secret)).toBeNull();
		}
		// Asked for before they were shut out, and written after it.
		const late = await invite(sql, { name: null, role: 'admin', shops: null }, actor('gus'));
		if (typeof late === 'string') throw new Error(late);
		expect(await join(sql, late.secret, rename('eve'), FROM)).toBe('gone');
	});
});

describe('an account', () => {
	useDatabase();

	it('keeps attempts for all others, however often one address tries', async () => {
		const access = await started();
		const tries = (address: string, n: number) => Array.from({ length: n }, () => access.attempts('admin', address));
		expect(tries('198.51.100.1', 1_000).filter((seconds) => seconds === 0)).toHaveLength(8);
		expect(tries('198.51.100.2', 1)).toEqual([0]);
	});
	it('has as many attempts as it has, however its name is written', async () => {
		const access = await started();
		const from = (n: number) => `198.51.${Math.floor(n / 250)}.${n % 250}`;
		const waits = Array.from({ length: 200 }, (_, n) => access.attempts(n % 2 ? 'ａdmin' : ' admIN ', from(n)));
		expect(waits.filter((seconds) => seconds === 0).length).toBeLessThan(100);
	});

	async function started(): Promise<Access> {
		const { url, sql } = database;
		const reach = { listensHereAlone: true, publicOrigins: [], trustedProxies: [] };
		const log = { info: () => undefined, warn: () => undefined };
		const access = await startAccess({ url, sql, reach, adminPassword: undefined, setupLink: true, log });
		onTestFinished(() => access.stop());
		return access;
	}
});

describe('a password', () => {
	useDatabase();
	beforeAll(async () => {
		await put('ann');
		await put('bob', 'viewer');
	});

	it('is set anew by the newest link, which ends all logins, and not that of somebody who is disabled', async () => {
		const { sql } = database;
		const before = await beginLogin(sql, 'bob', FROM);
		const [older, newer] = [await inviteToReset(sql, 'bob', ANN), await inviteToReset(sql, 'bob', ANN)];
		if (typeof older === 'string' || typeof newer === 'string') throw new Error('there is no link');
		expect(await join(sql, older.secret, rename(null), FROM)).toBe('gone');
		await disableUser(sql, 'bob', ANN);
		expect(await join(sql, newer.secret, rename(null), FROM)).toBe('gone');
		expect(await inviteToReset(sql, 'bob', ANN)).toMatch(/no such user/);
		await enableUser(sql, 'bob', ANN);
		const again = await inviteToReset(sql, 'bob', ANN);
		if (typeof again === 'string') throw new Error(again);
		const joined = await join(sql, again.secret, { name: 'eve', password: 'another horse battery' }, FROM);
		expect(joined).toMatchObject({ name: 'bob', isReset: true });
		expect(await visitorOfLogin(sql, before)).toBeNull();
		expect(await userWith(sql, 'Bob', 'another horse battery')).toEqual({ id: 'bob', name: 'bob' });
		expect(await userWith(sql, 'bob', PASSWORD)).toBeNull();
	});
	it('that is changed ends all logins, and a link that would set it', async () => {
		const { sql } = database;
		const login = await beginLogin(sql, 'bob', FROM);
		const link = await inviteToReset(sql, 'bob', ANN);
		await setPassword(sql, 'bob', PASSWORD, ANN);
		expect(await visitorOfLogin(sql, login)).toBeNull();
		expect(typeof link === 'string' ? link : await invitationOf(sql, link.secret)).toBeNull();
		expect(await userWith(sql, 'bob', PASSWORD)).toMatchObject({ name: 'bob' });
	});
	it.each([
		[' Ann.B@example.com ', 'ann.b@example.com'],
		['Ｚoë', 'zoë'],
		['', null],
		['-ann', null],
		['Command Line', null],
		['this machine', null],
		['ann\u202e', null],
		['a'.repeat(81), null]
	])('belongs to the name %j as %j', (typed, name) => {
		expect(readName(typed)).toBe(name);
	});
});

describe('a login', () => {
	useDatabase();
	beforeAll(() => put('ann'));
	const begin = async (change: string) => {
		const secret = await beginLogin(database.sql, 'ann', FROM);
		const [latest] = await database.sql<
			{ id: string }[]
		>`select id from logins order by created_at desc, ctid desc limit 1`;
		if (change !== '') await database.sql.unsafe(`update logins set ${change} where id = '${latest?.id ?? ''}'`);
		return { secret, id: latest?.id ?? '' };
	};

	it.each([
		['', true],
		["seen_at = now() - interval '11 hours'", true],
		["seen_at = now() - interval '12 hours 1 second'", false],
		['expires_at = now()', false],
		['ended_at = now()', false]
	])('with %j holds: %s', async (change, holds) => {
		const { secret, id } = await begin(change);
		expect((await visitorOfLogin(database.sql, secret)) !== null).toBe(holds);
		expect((await aliveLogins(database.sql, [id])).has(id)).toBe(holds);
		expect((await loginsOf(database.sql, 'ann')).some((login) => login.id === id)).toBe(holds);
	});
	it('is the same whether it asks or is looked at again, to the letter: else what it has open would be cut off', async () => {
		const { sql } = database;
		const visitor = await visitorOfLogin(sql, await beginLogin(sql, 'ann', FROM));
		const again = await aliveLogins(sql, [visitor?.login ?? '']);
		expect(JSON.stringify([...again.values()])).toBe(JSON.stringify([visitor]));
	});
	it('is nobody’s under another secret, and is ended by its user alone', async () => {
		const { sql } = database;
		const { secret, id } = await begin('');
		expect(await visitorOfLogin(sql, `${secret}x`)).toBeNull();
		expect(await visitorOfLogin(sql, id)).toBeNull();
		expect(await endLogin(sql, 'somebody else', id, ANN)).toBe(false);
		expect(await endLogin(sql, 'ann', id, ANN)).toBe(true);
		expect(await visitorOfLogin(sql, secret)).toBeNull();
	});
	it('can be the only one that is left', async () => {
		const [kept, other] = [await begin(''), await begin('')];
		await endLogins(database.sql, 'ann', ANN, kept.id);
		expect(await visitorOfLogin(database.sql, other.secret)).toBeNull();
		expect((await loginsOf(database.sql, 'ann')).map(({ id }) => id)).toEqual([kept.id]);
	});
	it('does not come back with its user', async () => {
		await put('bob');
		const secret = await beginLogin(database.sql, 'bob', FROM);
		await disableUser(database.sql, 'bob', ANN);
		expect(await visitorOfLogin(database.sql, secret)).toBeNull();
		await enableUser(database.sql, 'bob', ANN);
		expect(await visitorOfLogin(database.sql, secret)).toBeNull();
	});
});

describe('an administrator', () => {
	useDatabase();

	it('remains, whoever is changed or disabled', async () => {
		const { sql } = database;
		await put('ann');
		await put('vera', 'viewer');
		expect(await disableUser(sql, 'ann', TESTER)).toMatch(/Nobody could administer/);
		expect(await changeUser(sql, 'ann', { role: 'operator', shops: null }, TESTER)).toMatch(/Nobody could administer/);
		expect(await changeUser(sql, 'vera', { role: 'viewer', shops: ['a.example'] }, TESTER)).toMatchObject({
			name: 'vera'
		});
		expect(await disableUser(sql, 'nobody', TESTER)).toBe('There is no such user.');
	});
	it('remains when two shut each other out at the same moment', async () => {
		const { sql } = database;
		for (let round = 0; round < 10; round++) {
			await sql`delete from users`;
			await put('ann');
			await put('bob');
			const outcomes = await Promise.all([
				disableUser(sql, 'ann', TESTER),
				changeUser(sql, 'bob', { role: 'viewer', shops: null }, TESTER)
			]);
			expect(outcomes.filter((outcome) => typeof outcome === 'string')).toHaveLength(1);
		}
	});
});

describe('ADMIN_PASSWORD', () => {
	useDatabase();

	/** A process that starts on this machine alone with the setting, or without it. */
	async function start(adminPassword: string | undefined): Promise<{ access: Access; said: string[] }> {
		const said: string[] = [];
		const log = { info: () => undefined, warn: (...words: unknown[]) => void said.push(words.map(String).join(' ')) };
		const reach = { listensHereAlone: true, publicOrigins: [], trustedProxies: [] };
		const { url, sql } = database;
		const access = await startAccess({ url, sql, reach, adminPassword, setupLink: false, log });
		onTestFinished(() => access.stop());
		return { access, said };
	}

	it('makes an administrator, whose password it changes with a logout', async () => {
		const { sql } = database;
		expect(await anybody(sql)).toBe(false);
		await applyAdminPassword(sql, PASSWORD);
		const admin = await userWith(sql, 'admin', PASSWORD);
		const login = await beginLogin(sql, admin?.id ?? '', FROM);
		await applyAdminPassword(sql, PASSWORD);
		expect(await visitorOfLogin(sql, login)).toMatchObject({ name: 'admin', role: 'admin' });
		await applyAdminPassword(sql, await passwordHash('another horse battery'));
		expect(await visitorOfLogin(sql, login)).toBeNull();
		expect(await userWith(sql, 'admin', PASSWORD)).toBeNull();
		expect(await userWith(sql, 'admin', 'another horse battery')).toEqual(admin);
		const notes = await sql<{ actor: string; action: string }[]>`select actor, action from audit order by id`;
		expect(notes).toEqual(Array.from({ length: 2 }, () => ({ actor: 'ADMIN_PASSWORD', action: 'password.changed' })));
	});
	it('changes nothing by being absent: another process may have it, and nothing opens that was closed', async () => {
		const { sql } = database;
		await applyAdminPassword(sql, PASSWORD);
		const admin = await userWith(sql, 'admin', PASSWORD);
		const login = await beginLogin(sql, admin?.id ?? '', FROM);
		const { access, said } = await start(undefined);
		expect(access.isOpen()).toBe(false);
		expect(said.join()).toMatch(/ADMIN_PASSWORD is not set: the user admin keeps the password/);
		expect(await userWith(sql, 'admin', PASSWORD)).toEqual(admin);
		expect(await visitorOfLogin(sql, login)).toMatchObject({ name: 'admin', role: 'admin' });
	});
	it('is ended by disabling its user, also the last one where that is meant, and comes back with a process that has it', async () => {
		const { sql } = database;
		await applyAdminPassword(sql, PASSWORD);
		const admin = await userWith(sql, 'admin', PASSWORD);
		const login = await beginLogin(sql, admin?.id ?? '', FROM);
		expect(await disableUser(sql, admin?.id ?? '', TESTER)).toMatch(/Nobody could administer/);
		expect(await visitorOfLogin(sql, login)).not.toBeNull();
		expect(await disableUser(sql, admin?.id ?? '', TESTER, { evenTheLast: true })).toEqual(admin);
		expect([await anybody(sql), await visitorOfLogin(sql, login)]).toEqual([false, null]);
		expect((await start(undefined)).access.isOpen()).toBe(true);
		expect((await start(PASSWORD)).access.isOpen()).toBe(false);
		expect(await userWith(sql, 'admin', PASSWORD)).toEqual(admin);
		// With somebody else who administers it needs no more than their decision.
		await put('carl');
		expect(await disableUser(sql, admin?.id ?? '', actor('carl'))).toEqual(admin);
		const { access, said } = await start(undefined);
		expect([access.isOpen(), said]).toEqual([false, []]);
		await sql`delete from users where name = 'carl'`;
	});
	it('of two processes that differ is that of the one that started last, and who knew the other is logged out', async () => {
		const { sql } = database;
		await start(PASSWORD);
		const admin = await userWith(sql, 'admin', PASSWORD);
		const login = await beginLogin(sql, admin?.id ?? '', FROM);
		await start('another horse battery');
		expect([await userWith(sql, 'admin', PASSWORD), await visitorOfLogin(sql, login)]).toEqual([null, null]);
		expect(await userWith(sql, 'admin', 'another horse battery')).toEqual(admin);
	});
	it('alone changes what it made', async () => {
		const { sql } = database;
		await applyAdminPassword(sql, PASSWORD);
		await put('bob');
		const id = (await userWith(sql, 'admin', PASSWORD))?.id ?? '';
		for (const refused of [
			await enableUser(sql, id, TESTER),
			await changeUser(sql, id, { role: 'viewer', shops: null }, TESTER)
		])
			expect(refused).toMatch(/ADMIN_PASSWORD/);
		expect(await inviteToReset(sql, id, TESTER)).toMatch(/not set by a link/);
		await setPassword(sql, id, 'another horse battery', TESTER);
		expect(await userWith(sql, 'admin', PASSWORD)).toMatchObject({ name: 'admin' });
	});
});

describe('the audit', () => {
	useDatabase();

	it('can not be changed, emptied or shortened', async () => {
		const { sql } = database;
		await note(sql, { visitor: AT_THE_MACHINE, address: null }, { action: 'user.invited', object: 'a\0b' });
		await expect(sql`update audit set actor = 'eve'`).rejects.toThrow('only grows');
		await expect(sql`delete from audit`).rejects.toThrow('only grows');
		await expect(sql`truncate audit`).rejects.toThrow('only grows');
		expect(await sql`select object from audit`).toEqual([{ object: 'a\uFFFDb' }]);
	});
	it('is read newest first, page by page, by what was done and by whom', async () => {
		const { sql } = database;
		const { list } = audit(sql);
		for (let at = 0; at < 5; at++)
			await note(
				sql,
				{ visitor: { kind: 'user', id: 'ann', name: 'ann' }, address: '::1' },
				{ action: 'price.set', object: `${at}` }
			);
		const objects = async (filters: { action: string[]; actor: string | null }, cursor: string | null = null) => {
			const page = await list({ filters, cursor, limit: 2 });
			if ('message' in page) throw new Error(page.message);
			return { objects: page.rows.map(({ object }) => object), next: page.next, previous: page.previous };
		};
		const all = { action: [], actor: null };
		const first = await objects(all);
		expect(first).toMatchObject({ objects: ['4', '3'], previous: null });
		const second = await objects(all, first.next);
		expect(second.objects).toEqual(['2', '1']);
		expect((await objects(all, second.previous)).objects).toEqual(['4', '3']);
		expect((await objects({ action: ['user.invited'], actor: null })).objects).toEqual(['a\uFFFDb']);
		expect((await objects({ action: [], actor: 'MACHINE' })).objects).toEqual(['a\uFFFDb']);
		expect((await objects({ action: ['price.set'], actor: 'machine' })).objects).toEqual([]);
		expect(await list({ filters: all, cursor: 'made-up', limit: 2 })).toHaveProperty('message');
	});
});
