/**
 * The event log and its counts, against a computation from the events that were sent: batches of hundreds with one server
 * time, shops that are missing or empty, types that nobody knew.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Committer } from '../../src/lib/server/commit/committer';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import type { EventFilters } from '../../src/lib/server/read/events/questions';
import type { EventPage, LoggedEvent } from '../../src/lib/server/read/events/list';
import { events as eventReads } from '../../src/lib/server/read/events';
import { buckets, isFault, type QueryFault } from '../../src/lib/query';
import { testDatabase, type TestDatabase } from '../support/database';
import { batch, event, T0 } from '../support/events';

const HOUR = 3_600_000;
const RANGE = { from: T0 - 24 * HOUR, to: T0 + HOUR };
const ANY: EventFilters = { type: [], shop: null, session: null, q: null, field: null, value: null, signed: null };
let database: TestDatabase;
let writer: Committer;
let reads: ReturnType<typeof eventReads>;
let sent: LogEvent[] = [];

const odd = fc.record({
	type: fc.constantFrom('error', 'ping', 'naïve 椅子', 'step_update'),
	shopDomain: fc.constantFrom('a.example', 'b.example', '', null, 'ü.example'),
	sessionId: fc.constantFrom('s1', 's2', null),
	batch: fc.constantFrom(0, 0, 0, 1, 2, 30, 31, 600),
	data: fc.constantFrom<unknown>(
		{ status: 'failed', a: { b: 'deep' }, note: 'Größe %_ \\ "x"' },
		{ status: 'failed ' },
		{ status: null, 'a.b': 'flat' },
		{ n: 5 },
		['status'],
		'status',
		{}
	)
});

async function send(events: LogEvent[]): Promise<void> {
	sent = [...sent, ...events];
	for (let from = 0; from < events.length; from += 250) {
		const outcome = await writer.commit(batch(events.slice(from, from + 250)), Date.now() + 20_000);
		expect(outcome).toMatchObject({ refused: [] });
	}
}

beforeAll(async () => {
	database = await testDatabase();
	const log = { warn: () => undefined, error: (message: string) => process.stderr.write(message) };
	const queue = { maxEvents: 1e6, maxSize: 1e9 };
	writer = new Committer({ url: database.url, lanes: 1, queue, stallMs: 20_000, log });
	reads = eventReads(database.sql);
	const [made = []] = fc.sample(fc.array(odd, { minLength: 700, maxLength: 700 }), { numRuns: 1, seed: 11 });
	await send(
		made.map(({ batch: minutes, ...rest }, index) => {
			const serverTime = T0 - minutes * 60_000;
			const vouched = [{}, { ip: '203.0.113.9' }, { ip: '203.0.113.9', keyId: 'k' }][index % 3];
			return event(rest.type, {
				...rest,
				...vouched,
				id: `e${index % 250}`,
				serverTime,
				clientTime: serverTime - 5_000
			});
		})
	);
	// An id is unique within its shop only: of two the first is stored.
	sent = [...new Map([...sent].reverse().map((one) => [keyOf(one.shopDomain, one.id), one])).values()];
});
afterAll(async () => {
	await writer.stop();
	await database.drop();
});

const keyOf = (shop: string | null, id: string | null) => JSON.stringify([shop, id]);
const keyOfRow = ({ shop, id }: LoggedEvent) => keyOf(shop, id);

function given<T>(value: T | QueryFault): T {
	if (isFault(value)) throw new Error(value.message);
	return value;
}

interface Walk {
	limit?: number;
	range?: typeof RANGE;
	direction?: 'next' | 'previous';
	cursor?: string | null;
}

/** All pages of the log from its beginning on, or from a cursor back. */
async function walk(
	filters: EventFilters,
	{ limit = 7, range = RANGE, direction = 'next', cursor = null }: Walk = {}
): Promise<{ rows: LoggedEvent[]; last: string | null }> {
	const rows: LoggedEvent[] = [];
	let last: string | null = null;
	for (let at: string | null | undefined = cursor; at !== undefined;) {
		const page: EventPage = given(await reads.page({ range, filters, cursor: at, limit }));
		rows.push(...(direction === 'next' ? page.rows : [...page.rows].reverse()));
		last = page.previous ?? last;
		at = page[direction] ?? undefined;
	}
	return { rows, last };
}

function isOfTypes(type: string, words: readonly string[]): boolean {
	const wanted = words.filter((word) => !word.startsWith('-'));
	return (wanted.length === 0 || wanted.includes(type)) && !words.includes(`-${type}`);
}

/** What the log must hold by what was sent. */
function matching(filters: Partial<EventFilters>, { from, to } = RANGE): LogEvent[] {
	const { type = [], shop = null, session = null, q = null, field = null, value = null, signed = null } = filters;
	return sent.filter((one) => {
		const { data } = one;
		const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
		const top = isObject ? (data as Record<string, unknown>) : {};
		const said =
			field === null
				? null
				: (top[field] ?? (field === 'a.b' ? (top['a'] as { b?: unknown } | undefined)?.b : null) ?? null);
		return (
			one.serverTime >= from &&
			one.serverTime < to &&
			isOfTypes(one.type, type) &&
			(shop === null || (shop === '(none)' ? !one.shopDomain : one.shopDomain === shop)) &&
			(session === null || one.sessionId === session) &&
			(signed === null || (signed ? Boolean(one.keyId) : !one.keyId && one.ip !== null)) &&
			(q === null || jsonText(data).toLowerCase().includes(q.toLowerCase())) &&
			(value === null ||
				(field === null
					? isObject && Object.values(top).some((some) => some === value)
					: value === '(none)'
						? said === null
						: typeof said === 'object'
							? false
							: JSON.stringify(said).replaceAll('"', '') === value))
		);
	});
}

/** JSON as the database writes it, as far as these tests ask. */
function jsonText(data: unknown): string {
	return JSON.stringify(data).replaceAll(/":/g, '": ').replaceAll(/,"/g, ', "');
}

const sortedKeys = (rows: readonly { shop?: string | null; shopDomain?: string | null; id: string | null }[]) =>
	rows.map((row) => keyOf(row.shop ?? row.shopDomain ?? null, row.id)).sort();

describe('the event log', () => {
	test.each([1, 7, 50, 500])('holds every event once, newest first, in pages of %i', async (limit) => {
		const { rows } = await walk(ANY, { limit });
		expect(rows.map(keyOfRow)).toEqual([...new Set(rows.map(keyOfRow))]);
		expect(sortedKeys(rows)).toEqual(sortedKeys(matching({})));
		expect(rows.map(({ serverTime }) => serverTime)).toEqual(
			rows.map(({ serverTime }) => serverTime).sort((a, b) => b - a)
		);
	});

	test('is the same walked back', async () => {
		const { rows, last } = await walk(ANY, { limit: 60 });
		const { rows: back } = await walk(ANY, { limit: 60, direction: 'previous', cursor: last });
		expect(back.map(keyOfRow)).toEqual(rows.slice(0, back.length).reverse().map(keyOfRow));
		expect(back.length).toBeGreaterThan(rows.length - 61);
	});

	test('repeats and skips nothing while events come, also with the time of those that are just being read', async () => {
		const before = matching({});
		const rows: LoggedEvent[] = [];
		let cursor: string | null = null;
		for (let round = 0; ; round++) {
			const page: { rows: LoggedEvent[]; next: string | null } = given(
				await reads.page({ range: RANGE, filters: ANY, cursor, limit: 40 })
			);
			rows.push(...page.rows);
			if (page.next === null) break;
			cursor = page.next;
			const times = { serverTime: T0 - (round % 3) * 60_000, clientTime: null };
			await send([
				event('late', { id: `late${round}`, shopDomain: [null, '', 'b.example'][round % 3] ?? null, ...times })
			]);
		}
		expect(rows.map(keyOfRow)).toEqual([...new Set(rows.map(keyOfRow))]);
		expect(sortedKeys(rows)).toEqual(expect.arrayContaining(sortedKeys(before)));
	});

	test.each<Partial<EventFilters>>([
		{ type: ['ping'] },
		{ type: ['ping', 'error'] },
		{ type: ['ping', 'error'], shop: 'a.example' },
		{ type: ['naïve 椅子'], q: 'NOTE' },
		{ type: ['-ping', '-naïve 椅子'] },
		{ type: ['-ping'], shop: 'a.example' },
		{ type: ['-ping'], shop: '(none)' },
		{ type: ['error', '-ping'] },
		{ type: ['error', 'ping', '-ping'], q: 'failed' },
		{ shop: '(none)' },
		{ shop: 'ü.example' },
		{ session: 's1' },
		{ session: 's2', type: ['error'] },
		{ q: 'größe %_' },
		{ q: '": "failed"' },
		{ field: 'status', value: 'failed' },
		{ field: 'status', value: '(none)' },
		{ field: 'a.b', value: 'deep' },
		{ field: 'a.b', value: 'flat' },
		{ field: 'n', value: '5', shop: 'b.example' },
		{ value: 'flat' },
		{ signed: true },
		{ signed: false },
		{ signed: false, shop: 'a.example', type: ['error'] },
		{ type: ['nobody sent it'] }
	])('is filtered by %j, and counts what it holds', async (asked) => {
		const filters = { ...ANY, ...asked };
		const { rows } = await walk(filters, { limit: 33 });
		expect(sortedKeys(rows)).toEqual(sortedKeys(matching(asked)));
		const list = given(await reads.list({ range: RANGE, filters, cursor: null }));
		expect(list).toMatchObject({ count: rows.length, isLeast: false, lookedTo: null });
	});

	test('has what is known of an event, odd data as they came', async () => {
		const data = { html: '<script>', rtl: 'שלום', deep: [{ __proto: 1 }] };
		await send([
			event('whole', { id: 'w', data, deviceContext: { os: 'iOS' }, ip: '203.0.113.9', userAgent: 'UA', clockShiftMs: -9, clientTime: null })
		]); // prettier-ignore
		const [row] = given(await reads.page({ range: RANGE, filters: { ...ANY, type: ['whole'] }, cursor: null })).rows;
		expect(row).toEqual({
			id: 'w', type: 'whole', session: 's1', shop: 'a.example', at: T0, clientTime: null, serverTime: T0,
			clockShiftMs: -9, data, device: { os: 'iOS' }, userAgent: 'UA', ip: '203.0.113.9',
			keyId: null
		}); // prettier-ignore
	});

	test('refuses a place that is none, and fields without end', async () => {
		expect(await reads.list({ range: RANGE, filters: ANY, cursor: 'nowhere' })).toMatchObject({ field: 'cursor' });
		const filters = { ...ANY, field: 'a.b.c.d.e.f.g.h.i' };
		expect(await reads.list({ range: RANGE, filters, cursor: null })).toMatchObject({ field: 'field' });
	});
});

describe('counts of events', () => {
	const times = buckets(RANGE, 'UTC', RANGE.to, 30);
	const perBucket = (rows: readonly LogEvent[]) =>
		times.partial.map((_, index) => rows.filter(({ serverTime: at }) => at >= (times.edges[index] ?? 0) && at < (times.edges[index + 1] ?? 0)).length); // prettier-ignore

	test('are those of the events, by type and over time', async () => {
		const { types, others } = await reads.types(RANGE, null, times, null);
		expect(others).toBe(0);
		const expected = [...new Set(sent.map(({ type }) => type))].map((type) => {
			const rows = matching({ type: [type] });
			return { type, events: rows.length, trend: perBucket(rows) };
		});
		const byType = <T extends { type: string }>(list: T[]) => [...list].sort((a, b) => (a.type < b.type ? -1 : 1));
		expect(byType(types)).toEqual(byType(expected));
		expect(types.map(({ events }) => events)).toEqual(types.map(({ events }) => events).sort((a, b) => b - a));
	});

	test('of a shop, and by shop, agree with the log', async () => {
		const { types } = await reads.types(RANGE, 'b.example', times, null);
		for (const { type, events } of types) expect(events).toBe(matching({ type: [type], shop: 'b.example' }).length);
		for (const words of [
			['ping', 'error'],
			['-ping', '-step_update'],
			['error', 'ping', '-ping']
		]) {
			const { shops, inAll } = await reads.shops(RANGE, words, null);
			const expected = ['a.example', 'b.example', 'ü.example', '(none)'].map((shop) => [
				shop === '(none)' ? '' : shop,
				matching({ type: words, shop }).length
			]);
			expect(new Map(shops.map(({ shop, events }) => [shop, events]))).toEqual(new Map(expected as [string, number][]));
			expect(inAll).toBe(expected.length);
		}
	});

	test.each<Partial<EventFilters>>([
		{},
		{ type: ['ping', 'error'] },
		{ type: ['-ping'] },
		{ type: ['-ping'], q: 'failed' },
		{ shop: 'a.example' },
		{ q: 'failed' }
	])('over time are of what is filtered by %j', async (asked) => {
		const { types, lookedTo } = await reads.series(RANGE, { ...ANY, ...asked }, times);
		expect(lookedTo).toBeNull();
		const expected = perBucket(matching(asked));
		expect(times.partial.map((_, index) => types.reduce((sum, { events }) => sum + (events[index] ?? 0), 0))).toEqual(
			expected
		);
	});

	test('of a field are those of the events that it opens', async () => {
		const { names, inAll } = await reads.fieldNames(RANGE, { ...ANY, type: ['ping'] });
		expect(names).toEqual(expect.arrayContaining(['status', 'a', 'a.b', 'n']));
		expect(inAll).toBe(names.length);
		for (const field of ['status', 'a.b']) {
			const read = await reads.fieldValues(RANGE, { ...ANY, type: ['ping', 'error'] }, field);
			expect(read).toMatchObject({ since: null, sampled: matching({ type: ['ping', 'error'] }).length });
			expect(read.values).toHaveLength(read.distinct);
			for (const { value, events } of read.values) {
				expect(events).toBe(matching({ type: ['ping', 'error'], field, value: value ?? '(none)' }).length);
			}
		}
	});
});

test('a text is looked for in 20,000 events, and the log says how far back that was and goes on from there', async () => {
	const old = { from: T0 - 900 * HOUR, to: T0 - 800 * HOUR };
	const many = Array.from({ length: 20_500 }, (_, index) =>
		event('old', {
			id: `old${index}`,
			data: index % 10_249 === 0 ? { needle: index } : {},
			serverTime: old.from + Math.floor(index / 250) * 1000,
			clientTime: null
		})
	);
	await send(many);
	const filters = { ...ANY, q: 'needle' };
	const first = given(await reads.list({ range: old, filters, cursor: null }));
	expect(first.rows.map(({ id }) => id)).toEqual(['old20498', 'old10249']);
	expect(first).toMatchObject({ count: 2, isLeast: true, lookedTo: old.from + 2000 });
	const second = given(await reads.list({ range: old, filters, cursor: first.next }));
	expect(second.rows.map(({ id }) => id)).toEqual(['old0']);
	expect(second).toMatchObject({ next: null, lookedTo: null });

	const values = await reads.fieldValues(old, { ...ANY, type: ['old'] }, 'needle');
	expect(values.sampled).toBeLessThanOrEqual(5_000);
	expect(values.since).not.toBeNull();
	const opened = {
		range: { from: values.since ?? 0, to: old.to },
		filters: { ...ANY, type: ['old'], field: 'needle', value: '20498' }
	};
	expect(given(await reads.list({ ...opened, cursor: null })).count).toBe(
		values.values.find(({ value }) => value === '20498')?.events
	);

	const series = await reads.series(old, { ...ANY, shop: 'a.example' }, buckets(old, 'UTC', old.to, 400));
	expect(series.lookedTo).toBe(old.from + 2000);
	expect(series.types[0]?.events[0]).toBeNull();
});
