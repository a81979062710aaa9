/** What the page about set-ups says, against figures made of the very events that were sent. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { setups, type SetupRow, type SetupState } from '../../src/lib/server/read/setups';
import { buckets, isFault } from '../../src/lib/query';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event, T0 } from '../support/events';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = T0 + 10 * DAY;
const RANGE = { from: T0 + 2 * DAY + 12_345, to: NOW };
const PART = { from: T0 + 3 * DAY, to: T0 + 4 * DAY + 99 };
const EARLIER = { from: T0 + DAY, to: T0 + 5 * DAY + 777 };
const ALL = { shop: null, state: [], step: null, begun: null, begun_in: null, method: null };

interface Sent {
	at: number;
	type: string;
	shop: string | null;
	product: string | undefined;
	step: string | undefined;
	method: string | undefined;
	ms: number | undefined;
}

const anEvent: fc.Arbitrary<Sent> = fc.record({
	at: fc.integer({ min: 0, max: 10 * DAY - 1 }).map((ms) => T0 + ms),
	type: fc.constantFrom('setup_started', 'setup_started', 'setup_completed', 'setup_abandoned', 'image_prepared'),
	shop: fc.constantFrom('a.example', 'b.example', '', null),
	product: fc.option(
		fc.integer({ min: 0, max: 40 }).map((n) => `p${n}`),
		{ nil: undefined }
	),
	step: fc.constantFrom('image', 'mask', undefined),
	method: fc.constantFrom('auto', 'manual', 'hybrid', 'by hand', undefined),
	ms: fc.option(fc.integer({ min: 0, max: 90_000 }), { nil: undefined })
});

let database: TestDatabase;
let sent: Sent[];

const asEvent = (one: Sent, index: number): LogEvent =>
	event(one.type, {
		id: `e${String(index).padStart(5, '0')}`,
		sessionId: null,
		shopDomain: one.shop,
		clientTime: one.at,
		serverTime: one.at,
		data: { productId: one.product, abandonedAt: one.step, method: one.method, processingTimeMs: one.ms }
	});

beforeAll(async () => {
	database = await testDatabase();
	sent = fc.sample(fc.array(anEvent, { minLength: 400, maxLength: 400 }), { numRuns: 1, seed: 11 })[0] ?? [];
	const log = sent.map(asEvent);
	for (let from = 0; from < log.length; from += 100) await commitEvents(database.sql, log.slice(from, from + 100));
});
afterAll(() => database.drop());

const inside = (at: number | null, { from, to }: { from: number; to: number }) => at !== null && at >= from && at < to;

/** Every set-up as its events tell it, at NOW. */
function told(): SetupRow[] {
	const all = new Map<string, (Sent & { index: number })[]>();
	for (const [index, one] of sent.entries()) {
		const key = `${one.shop ?? ''} ${one.product ?? ''}`;
		all.set(key, [...(all.get(key) ?? []), { ...one, index }]);
	}
	return [...all.values()].flatMap((events) => {
		const of = (type: string) => events.filter((one) => one.type === type);
		const news = events
			.filter(({ type }) => type !== 'image_prepared')
			.sort((one, other) => one.at - other.at || one.index - other.index)
			.at(-1);
		if (!news) return [];
		const state = news.type.replace('setup_', '') as SetupState;
		const times = (type: string) => of(type).map(({ at }) => at);
		return [
			{
				shop: news.shop ?? '',
				productId: news.product ?? '',
				state: state === 'started' && news.at < NOW - DAY ? 'unfinished' : state,
				abandonedAtStep: news.step ?? null,
				startedAt: times('setup_started').length ? Math.min(...times('setup_started')) : null,
				completedAt: times('setup_completed').length ? Math.max(...times('setup_completed')) : null,
				stateAt: news.at,
				begun: of('setup_started').length,
				images: of('image_prepared').length
			}
		];
	});
}

async function wholeList(filters: object, range = RANGE): Promise<SetupRow[]> {
	const rows: SetupRow[] = [];
	for (let cursor: string | null = null; ;) {
		const page = await setups(database.sql).list({
			now: NOW,
			range,
			filters: { ...ALL, ...filters },
			cursor,
			limit: 9,
			scope: null
		});
		if (isFault(page)) throw new Error(page.message);
		rows.push(...page.rows);
		if (page.next === null) return rows;
		cursor = page.next;
	}
}

const inOrder = (rows: readonly SetupRow[]) =>
	[...rows].sort((one, other) => other.stateAt - one.stateAt || (`${one.shop} ${one.productId}` < `${other.shop} ${other.productId}` ? 1 : -1)); // prettier-ignore

const median = (values: number[]) => {
	const sorted = [...values].sort((one, other) => one - other);
	const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
	return low === undefined || high === undefined ? null : (low + high) / 2;
};

const cases: [name: string, filters: object, matches: (row: SetupRow, range: typeof RANGE) => boolean][] = [
	['no filter', {}, () => true],
	['one shop', { shop: 'a.example' }, ({ shop }) => shop === 'a.example'],
	['no shop', { shop: '(none)' }, ({ shop }) => shop === ''],
	['states', { state: ['completed', 'unfinished'] }, ({ state }) => state === 'completed' || state === 'unfinished'],
	['the step they were abandoned at', { step: 'mask' }, (row) => row.state === 'abandoned' && row.abandonedAtStep === 'mask'], // prettier-ignore
	['no step', { step: '(none)' }, (row) => row.state === 'abandoned' && row.abandonedAtStep === null],
	['begun in the range', { begun: true }, ({ startedAt }, range) => inside(startedAt, range)],
	['begun in a part of it', { begun_in: PART }, ({ startedAt }) => inside(startedAt, PART)],
	['begun before it', { begun: false }, ({ startedAt }, range) => !inside(startedAt, range)]
];

test.each(cases)('set-ups are listed and counted as they were told: %s', async (_, filters, matches) => {
	for (const range of [RANGE, EARLIER]) {
		const own = told().filter((row) => inside(row.stateAt, range) && matches(row, range));
		expect(await wholeList(filters, range)).toEqual(inOrder(own));

		const times = buckets(range, 'UTC', NOW);
		const asked = { now: NOW, range, filters: { ...ALL, ...filters }, scope: null };
		const summary = await setups(database.sql).summary(asked, times);
		expect(await setups(database.sql).count(asked)).toEqual({ count: own.length, isLeast: false });
		const count = (rows: readonly SetupRow[], state: SetupState) => rows.filter((row) => row.state === state).length;
		const counts = (rows: readonly SetupRow[]) => ({
			setups: rows.length,
			begun: rows.filter(({ startedAt }) => inside(startedAt, range)).length,
			started: count(rows, 'started'),
			unfinished: count(rows, 'unfinished'),
			completed: count(rows, 'completed'),
			abandoned: count(rows, 'abandoned')
		});
		const took = own.flatMap(({ state, startedAt, completedAt }) =>
			state === 'completed' && startedAt !== null && completedAt !== null && completedAt >= startedAt
				? [completedAt - startedAt]
				: []
		);
		const perBucket = (at: (row: SetupRow) => number | null) =>
			times.partial.map((__, bucket) => {
				const bar = { from: times.edges[bucket] ?? 0, to: times.edges[bucket + 1] ?? 0 };
				return own.filter((row) => inside(at(row), bar)).length;
			});
		expect(summary).toMatchObject({
			...counts(own),
			isLeast: false,
			medianMs: median(took),
			timed: took.length,
			series: {
				begun: perBucket(({ startedAt }) => startedAt),
				completed: perBucket(({ state, stateAt }) => (state === 'completed' ? stateAt : null)),
				abandoned: perBucket(({ state, stateAt }) => (state === 'abandoned' ? stateAt : null))
			}
		});
		for (const shop of summary.shops) {
			expect(shop).toEqual({ shop: shop.shop, ...counts(own.filter((row) => row.shop === shop.shop)) });
		}
		expect(summary.shops.reduce((all, shop) => all + shop.setups, 0)).toBe(own.length);
		for (const { value, setups: number } of summary.steps) {
			const here = own.filter((row) => row.state === 'abandoned' && (row.abandonedAtStep ?? '') === value);
			expect(number).toBe(here.length);
		}
	}
});

test('images are counted by method, with the median of the times that were told', async () => {
	for (const shop of [null, 'b.example', '(none)']) {
		const images = await setups(database.sql).images(RANGE, { ...ALL, shop });
		const own = sent.filter(
			(one) =>
				one.type === 'image_prepared' &&
				inside(one.at, RANGE) &&
				(shop === null || (shop === '(none)' ? '' : shop) === (one.shop ?? ''))
		);
		expect(images).toMatchObject({ images: own.length, sampled: own.length });
		expect(images.methods.length).toBe(new Set(own.map(({ method }) => method)).size);
		for (const { method, images: number, medianMs } of images.methods) {
			const here = own.filter((one) => (one.method ?? '') === method);
			expect(number).toBe(here.length);
			expect(medianMs).toBe(median(here.flatMap(({ ms }) => ms ?? [])));
		}
	}
	const one = await setups(database.sql).images(RANGE, { ...ALL, method: 'by hand' });
	expect(one.methods.map(({ method }) => method)).toEqual(['by hand']);
});

test('a list is not gone on with from the place of another', async () => {
	const asked = { now: NOW, range: RANGE, filters: ALL, cursor: 'W10', scope: null };
	expect(await setups(database.sql).list(asked)).toMatchObject({ field: 'cursor' });
});
