/** Screens and their displays as the database keeps them: what opens, what holds, and what is over. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
	aliveDisplays,
	endDisplay,
	heardOfDisplay,
	leftDisplay,
	openDisplay,
	readSaid,
	visitorOfDisplay
} from '../../src/lib/server/access/displays';
import {
	changeScreen,
	createScreen,
	nextExpiry,
	renewLink,
	revokeScreen,
	screenOfLink,
	screens
} from '../../src/lib/server/access/screens';
import { may, sees } from '../../src/lib/server/access/visitor';
import type { Sql } from '../../src/lib/server/db/connect';
import { TESTER } from '../support/actor';
import { testDatabase, type TestDatabase } from '../support/database';

const FROM = { address: '192.0.2.7', userAgent: 'a browser' };
const WISH = { name: 'Lobby', shops: null, masked: false, expiresAt: null };

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
	database = await testDatabase();
	({ sql } = database);
});

afterAll(() => database.drop());

async function opened(wish = {}): Promise<{ id: string; link: string; cookie: string }> {
	const { id, secret: link } = await createScreen(sql, { ...WISH, ...wish }, TESTER);
	const cookie = await openDisplay(sql, id, FROM, TESTER);
	if (cookie === null) throw new Error('a new screen can be opened');
	return { id, link, cookie };
}

test('a display sees the wall of its screen as it is now, and nothing else', async () => {
	const { id, cookie } = await opened({ shops: ['a.example'], masked: true });
	const visitor = await visitorOfDisplay(sql, cookie);
	expect(visitor).toMatchObject({ kind: 'screen', id, name: 'Lobby', role: null, shops: ['a.example'], masked: true });
	if (!visitor) return;
	expect(may(visitor, { right: 'wall' })).toBe(true);
	for (const right of ['view', 'view all', 'operate', 'administer'] as const)
		expect(may(visitor, { right, scope: 'read' })).toBe(false);
	expect([sees(visitor, 'a.example'), sees(visitor, 'b.example'), sees(visitor, null)]).toEqual([true, false, false]);
	expect(await changeScreen(sql, id, { ...WISH, name: 'Hall' }, TESTER)).toBe(true);
	const [now] = (await aliveDisplays(sql, [visitor.login ?? ''])).values();
	expect(now).toMatchObject({ name: 'Hall', shops: null, masked: false });
});

test('a revoked screen, one whose time is over and an ended display are nobody', async () => {
	const [revoked, expired, ended] = [
		await opened(),
		await opened({ expiresAt: Date.now() + 3_600_000 }),
		await opened()
	];
	const all = [revoked, expired, ended];
	expect(await Promise.all(all.map(({ cookie }) => visitorOfDisplay(sql, cookie)))).not.toContain(null);
	expect(await nextExpiry(sql)).toBeGreaterThan(3_000_000);
	const other = await openDisplay(sql, ended.id, FROM, TESTER);
	expect(await revokeScreen(sql, revoked.id, TESTER)).toBe('Lobby');
	expect(await endDisplay(sql, (await visitorOfDisplay(sql, ended.cookie))?.login ?? '', TESTER)).toBe('Lobby');
	expect(await changeScreen(sql, expired.id, { ...WISH, expiresAt: Date.now() - 1 }, TESTER)).toBe(true);
	expect(await Promise.all(all.map(({ cookie }) => visitorOfDisplay(sql, cookie)))).toEqual([null, null, null]);
	expect(await visitorOfDisplay(sql, other ?? '')).toMatchObject({ id: ended.id });
	expect(await Promise.all(all.map(({ link }) => screenOfLink(sql, link)))).toEqual([
		'revoked',
		'expired',
		{ id: ended.id, name: 'Lobby' }
	]);
	expect(await openDisplay(sql, revoked.id, FROM, TESTER)).toBeNull();
	expect(await nextExpiry(sql)).toBeNull();
	// Of a screen whose time is over the time can be moved: it goes on. A revoked one does not.
	expect(await changeScreen(sql, expired.id, WISH, TESTER)).toBe(true);
	expect(await changeScreen(sql, revoked.id, WISH, TESTER)).toBe(false);
	expect(await visitorOfDisplay(sql, expired.cookie)).toMatchObject({ id: expired.id });
});

test('a new link takes the place of the old one, and what is open stays open', async () => {
	const { id, link, cookie } = await opened();
	const renewed = await renewLink(sql, id, TESTER);
	expect(await screenOfLink(sql, link)).toBe('unknown');
	expect(await screenOfLink(sql, renewed?.secret ?? '')).toEqual({ id, name: 'Lobby' });
	expect(await visitorOfDisplay(sql, cookie)).toMatchObject({ id });
	const kept = await sql`select token_hash from screens union all select token_hash from displays`;
	expect(JSON.stringify(kept)).not.toContain(cookie);
});

test('a heartbeat says what a display runs and how large it is, and makes it connected', async () => {
	const { id, cookie } = await opened({ name: 'Hung up' });
	const display = (await visitorOfDisplay(sql, cookie))?.login ?? '';
	await sql`update displays set seen_at = now() - interval '1 hour' where id = ${display}`;
	const listed = async () => (await screens(sql)).find((screen) => screen.id === id)?.displays;
	expect(await listed()).toMatchObject([{ isConnected: false, build: null, width: null, address: '192.0.2.7' }]);
	await heardOfDisplay(sql, display, { build: 'b2', width: 3840, height: 2160 });
	expect(await listed()).toMatchObject([{ isConnected: true, build: 'b2', width: 3840, height: 2160 }]);
	const [first, second] = [
		await heardOfDisplay(sql, display, { build: 'b2', width: 3840, height: 2160 }),
		await heardOfDisplay(sql, display, { build: 'b2', width: 3840, height: 2160 })
	];
	// A socket that is noticed to be dead after its display has come again by another one.
	await leftDisplay(sql, display, first ?? '');
	expect(await listed()).toMatchObject([{ isConnected: true }]);
	await leftDisplay(sql, display, second ?? '');
	expect(await listed()).toMatchObject([{ isConnected: false }]);
	await heardOfDisplay(sql, display, { build: 'b2', width: 3840, height: 2160 });
	expect(await listed()).toMatchObject([{ isConnected: true }]);
	for (const said of [null, 7, {}, { build: '', width: 1, height: 1 }, { build: 'b\0', width: 1, height: 1 }])
		expect(readSaid(said)).toBeNull();
	for (const width of [0, -1, 1.5, 1e9, '1920', NaN]) expect(readSaid({ build: 'b', width, height: 1 })).toBeNull();
	expect(readSaid({ build: 'b'.repeat(81), width: 1, height: 1 })).toBeNull();
	expect(readSaid({ build: 'b', width: 1920, height: 1080, more: 1 })).toEqual({
		build: 'b',
		width: 1920,
		height: 1080
	});
});
