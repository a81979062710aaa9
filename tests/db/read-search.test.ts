/** What is found by a part of its name, and that the latest come first. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { search } from '../../src/lib/server/read/search';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event, T0 } from '../support/events';

let database: TestDatabase;
let find: ReturnType<typeof search>;

beforeAll(async () => {
	database = await testDatabase();
	find = search(database.sql);
	const at = (n: number) => ({ clientTime: T0 + n * 60_000, serverTime: T0 + n * 60_000 });
	await commitEvents(database.sql, [
		event('session_started', { sessionId: 'sess_aaa', shopDomain: 'nordic-home.myshopify.com', data: { productTitle: 'Walnut Sideboard' }, ...at(0) }),
		event('session_started', { sessionId: 'x_sess_aab', shopDomain: 'casa.example', data: { productTitle: 'Øre 100% sofa' }, ...at(1) }),
		event('session_started', { sessionId: 'sess_aab', shopDomain: null, ...at(2) }),
		event('error', { sessionId: 'sess_aaa', shopDomain: 'nordic-home.myshopify.com', data: { errorCode: 'CAMERA_DENIED', errorMessage: 'No camera for 12 s' }, ...at(3) }),
		event('error', { sessionId: 'sess_aab', shopDomain: 'casa.example', data: { errorMessage: 'the sideboard fell' }, ...at(4) }),
		// What people said of a group of which no error is known.
		event('error_group_resolved', { data: { group: '0'.repeat(32) }, id: 'said', sessionId: null, shopDomain: null })
	]); // prettier-ignore
});
afterAll(() => database.drop());

const idsOf = async (text: string) => (await find(text, null)).sessions.map(({ sessionId }) => sessionId);

it('finds a session by the beginning of its id, then by any part of id or title, the latest first', async () => {
	expect(await idsOf('sess_aa')).toEqual(['sess_aaa', 'sess_aab', 'x_sess_aab']);
	expect(await idsOf('SESS_AA')).toEqual(['sess_aab', 'x_sess_aab', 'sess_aaa']);
	expect(await idsOf(' walnut ')).toEqual(['sess_aaa']);
	expect(await idsOf('øre 100%')).toEqual(['x_sess_aab']);
	expect((await find('sess_aa', null, 2)).sessions).toHaveLength(2);
});

it('finds shops by a part of their domain', async () => {
	expect((await find('NORDIC', null)).shops).toEqual([
		{ shop: 'nordic-home.myshopify.com', sessions: 1, lastSessionAt: T0 }
	]);
	expect((await find('e', null)).shops).toHaveLength(2);
});

it('finds groups of errors by their code, and by their message, also as pages write it', async () => {
	const group = { group: expect.stringMatching(/^[0-9a-f]{32}$/) as string, errors: 1 };
	expect((await find('camera', null)).groups).toMatchObject([
		{ ...group, code: 'CAMERA_DENIED', lastSeenAt: T0 + 180_000 }
	]);
	expect((await find('camera for <n> s', null)).groups).toMatchObject([group]);
	expect((await find('sideboard', null)).groups).toMatchObject([
		{ ...group, code: null, message: 'the sideboard fell' }
	]);
});

it('takes every character for itself, and nothing for nothing', async () => {
	const nothing = { sessions: [], shops: [], groups: [] };
	for (const text of ['', '   ', '\0', '%', '_aa%', `'; drop table sessions; --`, 'x'.repeat(300), '\\']) {
		const found = await find(text, null);
		if (text === '%') expect(found.sessions).toHaveLength(1);
		else expect(found).toEqual(nothing);
	}
});
