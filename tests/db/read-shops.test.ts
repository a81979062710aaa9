/** The shops' figures, against a computation from the events that were sent, and who needs attention by the rules. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Committer } from '../../src/lib/server/commit/committer';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { currentFigures } from '../../src/lib/server/read/wall/figures';
import type { ShopsAsked } from '../../src/lib/server/read/shops/list';
import { shops as shopReads } from '../../src/lib/server/read/shops';
import { buckets, isFault, type QueryFault } from '../../src/lib/query';
import { testDatabase, type TestDatabase } from '../support/database';
import { batch, event, T0 } from '../support/events';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = T0;
const NO_FILTERS: ShopsAsked['filters'] = { q: null, attention: null, active: null, sort: null };
let database: TestDatabase;
let reads: ReturnType<typeof shopReads>;

interface Visit {
	shop: string | null;
	at: number;
	status: 'completed' | 'abandoned' | null;
	/** Thousandths of a dollar. */
	cost: number;
	errors: number;
}

/** Days ago, in whole numbers; each shop shows one rule, just met or just missed. */
const visits: Visit[] = [];
const visit = (shop: string | null, daysAgo: number, rest: Partial<Visit> = {}) =>
	visits.push({ shop, at: NOW - daysAgo * DAY, status: 'completed', cost: 3, errors: 0, ...rest });

for (const day of [2, 3, 4, 5]) visit('quiet.example', day);
for (const day of [2, 3, 4, 5, 0.5]) visit('awake.example', day);
for (const day of [2, 3, 4]) visit('rare.example', day);
for (let index = 0; index < 20; index++) {
	visit('fell.example', 0.1 + index / 10, { status: index < 10 ? 'completed' : 'abandoned' });
	visit('fell.example', 8 + index / 10, { status: index < 13 ? 'completed' : 'abandoned' });
	visit('held.example', 0.1 + index / 10, { status: index < 10 ? 'completed' : 'abandoned' });
	visit('held.example', 8 + index / 10, { status: index < 12 ? 'completed' : 'abandoned' });
	if (index < 19) visit('few.example', 0.1 + index / 10, { status: 'abandoned' });
	visit('few.example', 8 + index / 10);
}
visit('errors.example', 0.2, { errors: 10 });
visit('errors.example', 3, { errors: 35 });
visit('calm.example', 0.2, { errors: 10 });
visit('calm.example', 3, { errors: 36 });
visit('running.example', 0.01, { status: null });
visit(null, 0.3, { errors: 1 });
visit('<b>ü שלום/..?</b>', 0.4);

function eventsOf({ shop, at, status, cost, errors }: Visit, index: number): LogEvent[] {
	const from = { sessionId: `s${index}`, shopDomain: shop, clientTime: at, serverTime: at };
	const one = (type: string, data: object, id: string) => event(type, { ...from, data, id: `${index}-${id}` });
	return [
		one('session_started', { productTitle: `P${index % 3}` }, 'start'),
		one('ai_request', { requestId: 'r', status: 'success', costUsd: cost / 1000 }, 'ai'),
		...Array.from({ length: errors }, (_, number) => one('error', { errorCode: 'E' }, `error${number}`)),
		...(status ? [one('session_ended', { status }, 'end')] : [])
	];
}

beforeAll(async () => {
	database = await testDatabase();
	const log = { warn: () => undefined, error: (message: string) => process.stderr.write(message) };
	const queue = { maxEvents: 1e6, maxSize: 1e9 };
	const writer = new Committer({ url: database.url, lanes: 1, queue, stallMs: 20_000, log });
	const setup = (shop: string, type: string, at: number) =>
		event(type, { sessionId: null, shopDomain: shop, data: { productId: 'p' }, clientTime: at, serverTime: at });
	const all = [
		...visits.flatMap(eventsOf),
		setup('begun.example', 'setup_started', NOW - 25 * HOUR),
		setup('just.example', 'setup_started', NOW - 23 * HOUR),
		setup('ready.example', 'setup_started', NOW - 50 * HOUR),
		setup('ready.example', 'setup_completed', NOW - 40 * HOUR)
	];
	for (let from = 0; from < all.length; from += 200) {
		expect(await writer.commit(batch(all.slice(from, from + 200)), Date.now() + 20_000)).toMatchObject({ refused: [] });
	}
	await writer.stop();
	reads = shopReads(database.sql, () => NOW);
});
afterAll(() => database.drop());

function given<T>(value: T | QueryFault): T {
	if (isFault(value)) throw new Error(value.message);
	return value;
}

/** By what was sent. */
function expected(from: number, to: number, shop?: string | null) {
	const own = visits.filter((one) => one.at >= from && one.at < to && (shop === undefined || one.shop === shop));
	return {
		sessions: own.length,
		inProgress: own.filter(({ status }) => status === null).length,
		completed: own.filter(({ status }) => status === 'completed').length,
		cost: String(own.reduce((sum, { cost }) => sum + cost, 0) / 1000),
		errors: own.reduce((sum, { errors }) => sum + errors, 0)
	};
}

describe('the list of shops', () => {
	test.each([1, 7, 15])('has the figures of each shop over %i days, exactly', async (days) => {
		const range = { from: NOW - days * DAY, to: NOW };
		const list = given(await reads.list({ shops: null, range, filters: NO_FILTERS, cursor: null }));
		for (const row of list.rows) expect(row).toMatchObject(expected(range.from, range.to, row.domain));
		expect(list.rows.map(({ domain }) => domain).sort()).toEqual(
			[
				...new Set([...visits.flatMap(({ shop }) => shop ?? []), 'begun.example', 'just.example', 'ready.example'])
			].sort()
		);
		expect(list.total).toEqual(expected(range.from, range.to));
		expect(list.unnamed).toEqual(expected(range.from, range.to, null));
		expect(list.rows.map(({ sessions }) => sessions)).toEqual(
			list.rows.map(({ sessions }) => sessions).sort((a, b) => b - a)
		);
	});

	test('counts as many active shops in 24 hours as the Control Room', async () => {
		const range = { from: NOW - DAY, to: NOW };
		const list = given(
			await reads.list({ shops: null, range, filters: { ...NO_FILTERS, active: true }, cursor: null })
		);
		expect(list.active).toBe((await currentFigures(database.sql, NOW)).activeShops);
		expect(list.rows).toHaveLength(list.active);
	});

	test.each([1, 7, 15, 90])('shows the sessions of %i days in small bars, each exactly', async (days) => {
		const range = { from: NOW - days * DAY, to: NOW };
		const list = given(await reads.list({ shops: null, range, filters: NO_FILTERS, cursor: null }));
		expect([list.edges.at(0), list.edges.at(-1)]).toEqual([range.from, range.to]);
		for (const { domain, trend } of list.rows) {
			expect(trend).toEqual(
				list.edges.slice(1).map((end, bar) => expected(list.edges[bar] ?? 0, end, domain).sessions)
			);
		}
	});

	test.each(['sessions', 'attention'])('by %s is walked once in pages, there and back', async (sort) => {
		const range = { from: NOW - 7 * DAY, to: NOW };
		const asked = { range, filters: { ...NO_FILTERS, sort }, limit: 4 };
		const whole = given(await reads.list({ shops: null, ...asked, cursor: null, limit: 100 })).rows.map(
			({ domain }) => domain
		);
		const seen: string[] = [];
		const back: string[][] = [];
		let cursor: string | null = null;
		do {
			const page: { rows: { domain: string }[]; next: string | null; previous: string | null } = given(
				await reads.list({ shops: null, ...asked, cursor })
			);
			if (page.previous !== null) {
				back.push(
					given(await reads.list({ shops: null, ...asked, cursor: page.previous })).rows.map(({ domain }) => domain)
				);
			}
			seen.push(...page.rows.map(({ domain }) => domain));
			cursor = page.next;
		} while (cursor !== null);
		expect(seen).toEqual(whole);
		expect(back.flat()).toEqual(whole.slice(0, back.length * 4));
	});

	test('is filtered by a part of the domain, and refuses an order that it does not have', async () => {
		const range = { from: NOW - 7 * DAY, to: NOW };
		const list = given(await reads.list({ shops: null, range, filters: { ...NO_FILTERS, q: 'QUIET' }, cursor: null }));
		expect(list.rows.map(({ domain }) => domain)).toEqual(['quiet.example']);
		expect(
			await reads.list({ shops: null, range, filters: { ...NO_FILTERS, sort: 'names' }, cursor: null })
		).toMatchObject({
			field: 'sort'
		});
	});
});

test('those need attention that a rule names, and no others', async () => {
	const range = { from: NOW - HOUR, to: NOW };
	const list = given(
		await reads.list({ shops: null, range, filters: { ...NO_FILTERS, attention: true }, cursor: null })
	);
	expect(Object.fromEntries(list.rows.map(({ domain, attention }) => [domain, attention]))).toEqual({
		'quiet.example': [{ why: 'quiet', activeDays: 4 }],
		'fell.example': [{ why: 'success', now: 0.5, before: 0.65 }],
		'errors.example': [{ why: 'errors', now: 10, before: 5 }],
		'begun.example': [{ why: 'set-up', setups: 1 }]
	});
	expect(list.inNeed).toBe(4);
});

describe('one shop', () => {
	const range = { from: NOW - 7 * DAY, to: NOW };
	const times = buckets(range, 'Asia/Kolkata', NOW);

	test.each(['fell.example', '<b>ü שלום/..?</b>', 'running.example', 'begun.example'])(
		'%s has its figures over time and in parts',
		async (domain) => {
			const shop = await reads.shop(domain, range, times);
			const { sessions, completed, inProgress, cost, errors } = expected(range.from, range.to, domain);
			expect(shop).toMatchObject({ domain, cost });
			times.partial.forEach((_, index) => {
				const own = expected(times.edges[index] ?? 0, times.edges[index + 1] ?? 0, domain);
				expect(shop?.series[index]).toMatchObject({
					sessions: own.sessions,
					completed: own.completed,
					errors: own.errors,
					cost: own.cost
				});
			});
			const products = shop?.products ?? [];
			expect(products.reduce((sum, part) => sum + part.sessions, 0)).toBe(sessions);
			expect(products.reduce((sum, part) => sum + part.completed, 0)).toBe(completed);
			expect(products.reduce((sum, part) => sum + part.inProgress, 0)).toBe(inProgress);
			expect((shop?.errors ?? []).reduce((sum, group) => sum + group.errors, 0)).toBe(errors);
			expect(shop?.latest).toHaveLength(Math.min(10, sessions));
		}
	);

	test('that nobody named is none, whatever it is called', async () => {
		for (const domain of ['nobody.example', '', 'a\0b', 'x'.repeat(9_000)]) {
			expect(await reads.shop(domain, range, times)).toBeNull();
		}
	});
});
