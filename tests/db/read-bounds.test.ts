/** What is read must not grow with what is stored: a month of events, and not one scan of a whole table. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReader } from '../../src/lib/server/read/index';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event } from '../support/events';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 22, 14, 0, 0);
const SESSIONS = 30_000;
const EVENTS = 300_000;

let database: TestDatabase;

beforeAll(async () => {
	database = await testDatabase();
	const { sql } = database;
	const now = new Date(NOW);
	// Straight into the tables, because what they say matters less here than how much they hold: 30 days, evenly spread.
	await sql`select ensure_month('2026-10-01'), ensure_month('2026-11-01')`;
	await sql`
		insert into analytics_events (id, event_type, session_id, shop_domain, data, server_timestamp, commit_id)
		select 'e' || n, 'custom', 's' || n / 10, 'shop' || n % 40, '{}', ${now}::timestamptz - n * interval '8640 ms', n / 50
		from generate_series(1, ${EVENTS}::int) as n`;
	await sql`insert into commits (event_count, source) select 50, 'test' from generate_series(1, 6000)`;
	await sql`
		insert into sessions (
			session_id, first_event_at, updated_at, added_to_cart, event_count, error_count, steps_completed, total_ai_cost,
			regeneration_cost, regeneration_requests, ai_regenerations, shop_domain, status, started_at, ended_at,
			regeneration_count
		)
		select
			's' || n, started, started + interval '5 minutes', false, 10, 0, 2, 0.05, 0, 0, 0, 'shop' || n % 40,
			case when n < 200 then 'in_progress' when n % 3 = 0 then 'abandoned' else 'completed' end, started,
			case when n >= 200 then started + interval '5 minutes' end, 0
		from
			generate_series(1, ${SESSIONS}::int) as n,
			lateral (select ${now}::timestamptz - n * interval '86400 ms' as started) as times`;
	await sql`
		insert into session_steps (
			session_id, step, started_at, completed_at, retake_count, mask_edit_count, placement_adjustments,
			regeneration_count, status, duration_ms, completed_now
		)
		select session_id, step, started_at, started_at + interval '8 seconds', 0, 0, 0, 0, 'completed', 8000, false
		from sessions, unnest(array['room_capture', 'mask', 'inpaint']) as step`;
	await sql`
		insert into error_events (id, session_id, shop_domain, severity, occurred_at)
		select 'x' || session_id, session_id, shop_domain, 'error', started_at from sessions`;
	await sql`
		insert into ai_requests (id, session_id, occurred_at, cost_usd)
		select 'r' || session_id, session_id, started_at, 0.05 from sessions`;
	await sql`vacuum analyze`;
});

afterAll(() => database.drop());

test('no panel and no change of one reads a table from end to end', async () => {
	const { sql } = database;
	const changed = await commitEvents(sql, [event('error', { sessionId: 's77', clientTime: NOW, serverTime: NOW })]);
	const before = await settledScans();
	const reader = createReader(sql, () => NOW);
	const wall = await reader.wall();
	expect(wall.sessions).toHaveLength(239);
	expect(wall.errors).toHaveLength(40);
	expect(wall.figures.activeSessions.value).toBe(199);
	expect(wall.figures.successRate.ended).toBeGreaterThan(700);
	await reader.cards(['s1', 's2', 's3', 's77', 's20000']);
	await reader.errors();
	await reader.story('s15000');
	await reader.storySince('s77', [changed ?? '']);
	const after = await settledScans();
	// A handful of rows is quicker read whole: which tables are small is not what this is about.
	for (const table of ['analytics_events', 'sessions', 'session_steps', 'error_events', 'ai_requests']) {
		expect([table, after[table]]).toEqual([table, before[table]]);
	}
	expect(wall.pace.map(({ p50Ms }) => p50Ms)).toEqual([8_000, 8_000, 8_000]);
	expect(NOW - wall.figures.at).toBeLessThan(HOUR);
});

test('a part of the wall is read through the index of its shops or the window, not by looking through everybody’s past', async () => {
	const before = { scans: await settledScans(), rows: await rowsRead() };
	const reader = createReader(database.sql, () => NOW).scoped({ shops: ['shop7', 'nobody.example'], masked: false });
	const wall = await reader.wall();
	expect(wall.sessions.filter(({ status }) => status !== 'in_progress')).toHaveLength(40);
	expect(wall.errors).toHaveLength(40);
	await reader.cards(['s7', 's8', 's20007']);
	await reader.errors();
	const after = { scans: await settledScans(), rows: await rowsRead() };
	const scans = (table: string) => (after.scans[table] ?? 0) - (before.scans[table] ?? 0);
	const rows = (table: string) => (after.rows[table] ?? 0) - (before.rows[table] ?? 0);
	expect(['analytics_events', 'sessions', 'session_steps', 'error_events', 'ai_requests'].filter(scans)).toEqual([]);
	// Of the shop, and of two windows of everybody's.
	const [ofShop, ofWindow] = [SESSIONS / 40, SESSIONS / 30];
	expect(rows('sessions')).toBeLessThan(4 * ofShop + 4 * ofWindow);
	expect(rows('error_events')).toBeLessThan(ofShop);
});

/** How many entries of each table's indexes have been read. */
async function rowsRead(): Promise<Record<string, number>> {
	const rows = await database.sql<{ table: string; rows: number }[]>`
		select relname as table, sum(idx_tup_read)::int as rows from pg_stat_user_indexes group by 1`;
	return Object.fromEntries(rows.map(({ table, rows: count }) => [table, count]));
}

/** How often each table has been read from end to end. */
async function settledScans(): Promise<Record<string, number>> {
	// Every connection of the pool keeps its counts to itself for a while, unless it is told to publish them.
	const all = Array.from({ length: 16 });
	await Promise.all(all.map(() => database.sql`select pg_stat_force_next_flush(), pg_sleep(0.01)`));
	await Promise.all(all.map(() => database.sql`select pg_sleep(0.01)`));
	const rows = await database.sql<{ table: string; scans: number }[]>`
		select regexp_replace(relname, '_[0-9]{4}_[0-9]{2}$', '') as table, sum(seq_scan)::int as scans
		from pg_stat_user_tables
		group by 1`;
	return Object.fromEntries(rows.map(({ table, scans }) => [table, scans]));
}
