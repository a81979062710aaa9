import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Committer } from '../../src/lib/server/commit/committer';
import { rebuild, verify } from '../../src/lib/server/commit/rebuild';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { projections } from '../../src/lib/server/projections/index';
import { testDatabase, type TestDatabase } from '../support/database';
import { batch, event, someEvents, T0 } from '../support/events';

let database: TestDatabase;
let writers: Committer[];

beforeAll(async () => {
	database = await testDatabase();
	writers = [1, 2].map(() => committer());
});

afterAll(async () => {
	await Promise.all(writers.map((writer) => writer.stop()));
	await database.drop();
});

function committer(): Committer {
	const log = { warn: () => undefined, error: (message: string) => process.stderr.write(message) };
	return new Committer({ url: database.url, lanes: 1, queue: { maxEvents: 1e6, maxSize: 1e9 }, stallMs: 20_000, log });
}

async function commit(events: readonly LogEvent[], writer = writers[0]): Promise<void> {
	const outcome = await writer?.commit(batch(events), Date.now() + 20_000);
	expect(outcome).toMatchObject({ refused: [] });
}

async function empty(): Promise<void> {
	await database.sql.unsafe(`truncate analytics_events, commits, ${projections.map(({ table }) => table).join(', ')}`);
}

/** Every row of every projection without what the statement keeps for itself, as text in order. */
async function tables(): Promise<Record<string, string[]>> {
	const all: Record<string, string[]> = {};
	for (const { table, scratch, empty = 'false' } of projections) {
		const rows = await database.sql.unsafe<{ row: string }[]>(
			`select (to_jsonb(t) - $1::text[])::text as row from ${table} as t where not (${empty}) order by 1`,
			[scratch as string[]]
		);
		all[table] = rows.map(({ row }) => row);
	}
	return all;
}

async function expectVerified(): Promise<void> {
	const differences = await verify(database.sql);
	expect(differences.filter(({ onlyLive, onlyRebuilt }) => onlyLive + onlyRebuilt > 0)).toEqual([]);
}

/** Splits by a list of cut widths. */
function split<T>(items: readonly T[], widths: readonly number[]): T[][] {
	const pieces: T[][] = [];
	let from = 0;
	for (let at = 0; from < items.length; at++) {
		const width = widths[at % widths.length] ?? 1;
		pieces.push(items.slice(from, from + width));
		from += width;
	}
	return pieces;
}

test('any order, any repetition, any batches and two writers at once give the rows that a rebuild gives', async () => {
	const arrivals = someEvents(1, 60).chain((events) =>
		fc.record({
			events: fc.constant(events),
			order: fc.shuffledSubarray([...events, ...events, ...events.slice(0, 5)], { minLength: events.length * 2 }),
			widths: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 })
		})
	);
	await fc.assert(
		fc.asyncProperty(arrivals, async ({ events, order, widths }) => {
			await empty();
			await commit(events);
			const inOrder = await tables();

			await empty();
			const pieces = split([...order, ...events], widths);
			await Promise.all(pieces.map((piece, index) => commit(piece, writers[index % 2])));
			expect(await tables()).toEqual(inOrder);
			await expectVerified();
		}),
		{ numRuns: 40 }
	);
});

test('the same events in 20 random orders give identical tables', async () => {
	const [events = []] = fc.sample(someEvents(400, 400), { numRuns: 1 });
	const seen = new Set<string>();
	for (let round = 0; round < 20; round++) {
		await empty();
		const shuffled = events.map((one) => ({ one, at: Math.random() })).sort((a, b) => a.at - b.at);
		for (const piece of split(
			shuffled.map(({ one }) => one),
			[97, 13, 1]
		))
			await commit(piece);
		seen.add(JSON.stringify(await tables()));
	}
	expect(seen.size).toBe(1);
});

test('a rebuild repairs tables that somebody changed by hand, and verify tells which they were', async () => {
	await empty();
	await commit([event('session_started'), event('error', { clientTime: T0 + 1 })]);
	await commit([event('session_ended', { clientTime: T0 + 2, data: { status: 'completed' } })]);
	await database.sql`update sessions set error_count = 7`;
	await database.sql`delete from error_events`;
	const before = await verify(database.sql);
	expect(before.filter(({ onlyLive, onlyRebuilt }) => onlyLive + onlyRebuilt > 0).map(({ table }) => table)).toEqual([
		'error_events',
		'sessions'
	]);
	expect(await rebuild(database.sql)).toBe(2);
	await expectVerified();
	expect(await database.sql`select error_count, event_count, status from sessions`).toEqual([
		{ error_count: 1, event_count: 3, status: 'completed' }
	]);
});

test('a shop knows when its latest session started, or when its first event of a session came', async () => {
	await empty();
	const latest = async () => (await database.sql`select last_session_at from shops`)[0]?.last_session_at as unknown;
	await commit([event('step_update', { clientTime: T0 + 5000 })]);
	expect(await latest()).toEqual(new Date(T0 + 5000));
	await commit([event('user_action', { clientTime: T0 + 1000 })]);
	expect(await latest()).toEqual(new Date(T0 + 1000));
	await commit([event('session_started', { sessionId: 's2', clientTime: T0 + 9000 })]);
	await commit([event('session_started', { clientTime: T0 })]);
	expect(await latest()).toEqual(new Date(T0 + 9000));
	await expectVerified();
});

test('a count below zero is none, in one batch with others or apart from them', async () => {
	const data = { step: 'mask', status: 'completed' };
	const events = [
		event('step_update', { data: { ...data, retakeCount: -5 } }),
		event('step_update', { data, clientTime: T0 + 1 })
	];
	for (const pieces of [[events], events.map((one) => [one])]) {
		await empty();
		for (const piece of pieces) await commit(piece);
		expect(await database.sql`select retake_count from session_steps`).toEqual([{ retake_count: 0 }]);
		await expectVerified();
	}
});

test('an ended session is not in progress, and its status may be of any length', async () => {
	await empty();
	const endless = Array.from({ length: 3000 }, (_, place) => String.fromCodePoint(0x4e00 + ((place * 7919) % 20_000)));
	await commit([
		event('session_ended', { data: { status: 'in_progress' } }),
		event('session_ended', { sessionId: 's2', data: { status: endless.join('') } })
	]);
	const rows = await database.sql<{ status: string }[]>`select status from sessions order by session_id`;
	expect(rows[0]).toEqual({ status: 'abandoned' });
	expect(rows[1]?.status).toMatch(/^.{50}~[0-9a-f]{32}$/);
	await expectVerified();
});

test('AI requests are told apart: an empty request id names none, and no id reaches into another session', async () => {
	await empty();
	const request = (sessionId: string, requestId: string, costUsd: number, change = {}) =>
		event('ai_request', { sessionId, data: { requestId, costUsd, status: 'success' }, ...change });
	await commit([
		request('s1', '', 0.1),
		request('s1', '', 0.2, { clientTime: T0 + 1 }),
		request('s\u001fx', 'y', 0.4),
		request('s', 'x\u001fy', 0.8)
	]);
	expect(await database.sql`select session_id, total_ai_cost from sessions order by total_ai_cost`).toEqual([
		{ session_id: 's1', total_ai_cost: '0.3' },
		{ session_id: 's\u001fx', total_ai_cost: '0.4' },
		{ session_id: 's', total_ai_cost: '0.8' }
	]);
	await expectVerified();
});
