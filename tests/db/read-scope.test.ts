/**
 * What one shop alone is told of errors, events, set-ups and costs, where others have the same groups, types and products:
 * the same as from a database that has no events but its own.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { walkOf } from '../../src/lib/server/read/events/questions';
import { createPages, type Pages } from '../../src/lib/server/read/pages';
import { buckets } from '../../src/lib/query';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { someEvents, T0 } from '../support/events';

const SHOP = 'a.example';
const HOUR = 3_600_000;
const NOW = T0 + HOUR;
const ALL = { shop: SHOP, severity: [], step: [], state: [], q: null, group: null };
const LIST = { ...ALL, device: null, os: null, browser: null };
const RANGES = [
	{ from: T0 - HOUR, to: NOW },
	{ from: T0 + 3_000, to: T0 + 9_000 }
];

let everybody: TestDatabase;
let alone: TestDatabase;
let all: Pages;
let own: Pages;

beforeAll(async () => {
	[everybody, alone] = await Promise.all([testDatabase(), testDatabase()]);
	const [sent = []] = fc.sample(someEvents(600, 600), { numRuns: 1, seed: 20_260_109 });
	const events = sent.filter(({ type }) => !type.startsWith('error_group')).map(ofItsShop);
	await commitEvents(everybody.sql, events);
	await commitEvents(
		alone.sql,
		events.filter(({ shopDomain }) => shopDomain === SHOP)
	);
	[all, own] = [createPages(everybody.sql), createPages(alone.sql)];
});
afterAll(() => Promise.all([everybody.drop(), alone.drop()]));

/** Sessions and requests are the work of all who name them: here each shop has its own. */
function ofItsShop(one: LogEvent): LogEvent {
	const { sessionId, shopDomain, data } = one;
	const named = (name: string) => `${name} of ${shopDomain ?? 'none'}`;
	const isRequest = typeof data === 'object' && data !== null && 'requestId' in data && data.requestId;
	return {
		...one,
		sessionId: sessionId && named(sessionId),
		data: isRequest ? { ...data, requestId: named(String(data.requestId)) } : data
	};
}

test.each([null, 'seen'])('groups of errors, by %s', async (sort) => {
	for (const range of RANGES) {
		const asked = { now: NOW, zone: 'UTC', range, filters: { ...LIST, sort }, cursor: null, scope: SHOP };
		const [told, expected] = await Promise.all([
			all.errors.groups(asked),
			own.errors.groups({ ...asked, scope: null })
		]);
		if ('isFault' in told || 'isFault' in expected) throw new Error('the question is one');
		expect(told.rows.length).toBeGreaterThan(0);
		expect(told.rows).toEqual(expected.rows);
		for (const { group } of told.rows) {
			const one = await all.errors.group(group, range, NOW, SHOP);
			expect(one).toEqual(await own.errors.group(group, range, NOW, null));
		}
	}
});

test('a group that only others had is none', async () => {
	const [row] = await everybody.sql<{ group: string }[]>`
		select group_key as group from error_groups
		where not exists (select from error_events where error_events.group_key = error_groups.group_key and shop_domain = ${SHOP})
		limit 1`;
	const group = row?.group ?? '0'.repeat(32);
	expect(await all.errors.group(group, { from: 0, to: NOW }, NOW, SHOP)).toBeNull();
});

test('types of events, set-ups and the forecast', async () => {
	const range = { from: T0 - HOUR, to: NOW, fromText: 'x', toText: 'y' };
	const times = buckets(range, 'UTC', NOW);
	const setups = {
		now: NOW,
		range,
		filters: { shop: SHOP, state: [], step: null, begun: null, begun_in: null, method: null }
	};
	const costs = { now: NOW, zone: 'UTC', range, filters: { shop: SHOP, provider: null, model: null, operation: null, step: null, status: null } }; // prettier-ignore
	const read = async (pages: Pages, scope: string | null) => ({
		types: (await pages.events.types(range, SHOP, times, scope)).types,
		setups: await pages.setups.summary({ ...setups, scope }, times),
		overview: await pages.errors.overview({ now: NOW, range, filters: ALL, times, scope }),
		forecast: (await pages.costs.overview(costs)).forecast
	});
	const told = await read(all, SHOP);
	expect(told.types.length).toBeGreaterThan(5);
	expect(told).toEqual(await read(own, null));
});

test('what is found of groups and shops', async () => {
	for (const text of ['e', 'E1', 'failed', '31 s', '<n> s', 'a.ex', 'b.ex']) {
		const [told, expected] = await Promise.all([all.search(text, [SHOP]), own.search(text, null)]);
		expect([text, told.groups]).toEqual([text, expected.groups]);
		expect([text, told.shops.map(({ shop }) => shop)]).toEqual([text, expected.shops.map(({ shop }) => shop)]);
	}
	expect(await all.search('b.ex', [SHOP])).toEqual({ sessions: [], shops: [], groups: [] });
});

test('how far one looks depends on its own events alone, whatever is asked of them', () => {
	const filters = { type: [], shop: SHOP, session: null, q: null, field: null, value: null, signed: null };
	for (const more of [
		{},
		{ type: ['error'] },
		{ type: ['error', 'ai_request'] },
		{ q: 'x' },
		{ type: ['error'], value: 'x' }
	])
		expect([more, walkOf({ ...filters, ...more })]).toEqual([more, 'shop']);
});
