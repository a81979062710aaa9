/** The pages about errors and set-ups must not read tables from end to end, whatever is asked of them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Sql } from '../../src/lib/server/db/connect';
import { errors } from '../../src/lib/server/read/errors';
import { setups } from '../../src/lib/server/read/setups';
import { buckets } from '../../src/lib/query';
import { testDatabase, type TestDatabase } from '../support/database';

const NOW = Date.UTC(2026, 10, 22, 14, 0, 0);
const DAY = 86_400_000;
const ROWS = 60_000;
const QUESTIONS = { shop: null, severity: [], step: [], state: [], q: null, group: null };
const SETUPS = { shop: null, state: [], step: null, begun: null, begun_in: null, method: null };

let database: TestDatabase;
/** As the pages have it: plans are made once, for whatever is asked. */
let sums: Sql;

beforeAll(async () => {
	database = await testDatabase();
	const { sql } = database;
	sums = connect({ url: database.url, application: 'test', settings: { plan_cache_mode: 'force_generic_plan' } });
	const now = new Date(NOW);
	// Straight into the tables, because what they say matters less here than how much they hold: 60 days, evenly spread.
	await sql`
		insert into error_events (
			id, session_id, shop_domain, severity, step, occurred_at, group_key, error_code, error_message, stack_trace
		)
		select
			'x' || n, 's' || n / 3, 'shop' || n % 40, (array['critical', 'error', 'warning'])[1 + n % 3], 'mask',
			${now}::timestamptz - n * interval '86 s', md5('g' || n % 50), 'C', 'm', repeat('stack ', 50)
		from generate_series(1, ${ROWS}::int) as n`;
	await sql`
		insert into error_tallies
		select quarter_of(occurred_at), group_key, shop_domain, severity, step, count(*) from error_events group by 1, 2, 3, 4, 5`;
	await sql`
		insert into error_groups (group_key, first_seen_at, last_seen_at, error_count, state, error_code)
		select group_key, min(occurred_at), max(occurred_at), count(*), 'open', 'C' from error_events group by 1`;
	await sql`
		insert into error_group_sessions select group_key, session_id, max(occurred_at), count(*) from error_events group by 1, 2`;
	await sql`
		insert into product_setups (shop, product_id, state, state_at, started_at, begun)
		select 'shop' || n % 40, 'p' || n, 'started', ${now}::timestamptz - n * interval '86 s', ${now}::timestamptz - n * interval '87 s', 1
		from generate_series(1, ${ROWS}::int) as n`;
	await sql`
		select ensure_month(day::date) from generate_series(${now}::timestamptz - interval '200 days', ${now}, '20 days') as day`;
	await sql`
		insert into analytics_events (id, event_type, shop_domain, data, server_timestamp, commit_id)
		select
			'e' || n, (array['custom', 'image_prepared', 'error_group_resolved'])[1 + n % 3], 'shop' || n % 40,
			'{"method":"auto","processingTimeMs":1200}', ${now}::timestamptz - n * interval '86 s', 1
		from generate_series(1, ${ROWS}::int) as n`;
	await sql`
		insert into event_tallies (grain, event_type, shop, bucket, events)
		select grain, event_type, '', date_bin(length::interval, server_timestamp, timestamptz '2000-01-01 00:00:00+00'), count(*)
		from analytics_events
		cross join (values ('quarter', '15 minutes'), ('hour', '1 hour'), ('day', '1 day')) as grains (grain, length)
		group by 1, 2, 4`;
	await sql`vacuum analyze`;
});
afterAll(async () => {
	await sums.end();
	await database.drop();
});

/** How often each table has been read from end to end. */
async function scans(): Promise<Record<string, number>> {
	// Every connection of the pool keeps its counts to itself for a while, unless it is told to publish them.
	const all = Array.from({ length: 16 }).flatMap(() => [database.sql, sums]);
	await Promise.all(all.map((sql) => sql`select pg_stat_force_next_flush(), pg_sleep(0.01)`));
	await Promise.all(all.map((sql) => sql`select pg_sleep(0.01)`));
	const rows = await database.sql<{ table: string; scans: number }[]>`
		select regexp_replace(relname, '_[0-9]{4}_[0-9]{2}$', '') as table, sum(seq_scan)::int as scans
		from pg_stat_user_tables
		where relname ~ '^(analytics_events|error_events|error_group_sessions|product_setups)'
		group by 1`;
	return Object.fromEntries(rows.map(({ table, scans }) => [table, scans]));
}

test('no question about a day or a week reads a table from end to end', async () => {
	const { sql } = database;
	const [group] = await sql<{ key: string }[]>`select group_key as key from error_groups limit 1`;
	const key = group?.key ?? '';
	const before = await scans();
	for (const [days, to] of [[1, NOW], [7, NOW], [7, NOW - 9 * DAY]] as const) {
		const range = { from: to - days * DAY, to };
		const times = buckets(range, 'UTC', NOW);
		const asked = { now: NOW, zone: 'UTC', range, cursor: null, scope: null };
		for (const filters of [QUESTIONS, { ...QUESTIONS, shop: 'shop1', severity: ['critical'] }, { ...QUESTIONS, q: 'c', state: ['open'] }]) {
			await errors(sql, sums).overview({ now: NOW, range, filters, times, scope: null });
			const all = { ...filters, device: null, os: null, browser: null };
			await errors(sql, sums).groups({ ...asked, filters: { ...all, sort: null } });
			await errors(sql, sums).groups({ ...asked, filters: { ...all, sort: 'seen', group: key } });
			await errors(sql, sums).list({ ...asked, filters: all });
			await errors(sql, sums).list({ ...asked, filters: { ...all, group: key, device: '(none)' } });
			await errors(sql, sums).count({ range, filters: all });
			await errors(sql, sums).count({ range, filters: { ...all, device: '(none)' } });
		}
		expect((await errors(sql, sums).group(key, range, NOW, null))?.sampled).toBeGreaterThan(10);
		await setups(sql, sums).list({ ...asked, filters: SETUPS });
		await setups(sql, sums).count({ ...asked, filters: SETUPS });
		await setups(sql, sums).summary({ ...asked, filters: { ...SETUPS, state: ['unfinished'] } }, times);
		await setups(sql, sums).images(range, { ...SETUPS, shop: 'shop1' });
	}
	const after = await scans();
	// Whether there is any set-up at all is asked by reading the first one.
	expect(after).toEqual({ ...before, product_setups: after['product_setups'] });
}); // prettier-ignore

test('what is looked for far back is looked for in parts, each going on where the last one ended', async () => {
	const range = { from: NOW - 60 * DAY, to: NOW };
	const filters = { ...QUESTIONS, group: null, device: 'watch', os: null, browser: null };
	const list = errors(database.sql).list;
	const first = await list({ range, filters, cursor: null });
	expect(first).toMatchObject({ rows: [], lookedTo: NOW - 20_000 * 86_000, next: expect.any(String) as unknown });
	const next = 'next' in first ? first.next : null;
	expect(await list({ range, filters, cursor: next })).toMatchObject({ lookedTo: NOW - 40_000 * 86_000 });
});
