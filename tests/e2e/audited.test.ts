/** That what is done to events is in the audit, with who did it: archive runs, erasures, replays and answers to people. */
import { afterAll, expect, it } from 'vitest';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { ADMIN_PASSWORD, PASSWORD, send } from '../support/door';
import { event } from '../support/events';
import { useProcess } from '../support/process';

let database: TestDatabase;
const room = useProcess(async () => {
	database = await testDatabase();
	return { DATABASE_URL: database.url, PORT: '0', ADMIN_PASSWORD };
});
afterAll(() => database.drop());

it('notes what is done to events by its action and who did it, once, and never what is to be forgotten', async () => {
	const { address } = room();
	const { cookie } = await send(`${address}/login`, { name: 'admin', password: PASSWORD });
	await commitEvents(database.sql, [
		event('custom', { id: 'e1', sessionId: 'to-be-forgotten', shopDomain: 'a.example' })
	]);
	const post = async (path: string, body: unknown) => {
		const answer = await fetch(address + path, {
			method: 'POST',
			headers: { cookie, 'content-type': 'application/json' },
			body: JSON.stringify(body)
		});
		return answer.status;
	};
	expect(await post('/api/backfill', { from: '2026-01-09', to: '2026-01-09' })).toBe(202);
	expect(await post('/api/backfill/1', { action: 'nonsense' })).toBe(400);
	expect(await post('/api/backfill/77', { action: 'pause' })).toBe(404);
	const steered = await post('/api/backfill/1', { action: 'cancel' });
	expect(await post('/api/erasures', { kind: 'nothing' })).toBe(400);
	expect(await post('/api/erasures', { kind: 'session', sessionId: 'to-be-forgotten' })).toBe(202);
	expect((await send(`${address}/system?/replay`, { id: '1' }, { cookie })).status).toBe(404);
	const notes = await database.sql<{ action: string; actor: string; text: string }[]>`
		select action, actor, audit::text as text from audit where action not like 'login.%' and actor <> 'ADMIN_PASSWORD' order by at, id`;
	const actions = ['backfill.started', ...(steered === 200 ? ['backfill.steered'] : []), 'erasure.started'];
	expect(notes.map(({ action, actor }) => [action, actor])).toEqual(actions.map((action) => [action, 'admin']));
	expect(notes.map(({ text }) => text).join()).not.toContain('to-be-forgotten');
});
