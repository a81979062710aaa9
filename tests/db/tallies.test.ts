/**
 * What is read from tallies equals what the rows themselves add up to, wherever a range begins and ends. One file, because
 * all kinds of tallies are compared over one history.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Committer } from '../../src/lib/server/commit/committer';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import type { Sql } from '../../src/lib/server/db/connect';
import { MIGRATIONS } from '../../src/lib/server/db/migrate';
import type { Fragment } from '../../src/lib/server/read/columns';
import * as tallies from '../../src/lib/server/read/tallies';
import { buckets } from '../../src/lib/query';
import { testDatabase, type TestDatabase } from '../support/database';
import { batch, event, T0 } from '../support/events';

const DAY = 86_400_000;
/** More than two weeks, which are the longest stretch. */
const DAYS = 20;
/** A shop may be called anything. */
const SHOPS = ['a.example', 'b.example', '*', '', null];
let database: TestDatabase;

/** Sessions over DAYS days, of which some ended, each with an error, AI requests and a custom event. */
const shoppers = fc.array(
	fc.record({
		at: fc.integer({ min: 0, max: DAYS * DAY }),
		shop: fc.constantFrom(...SHOPS),
		status: fc.constantFrom('completed', 'abandoned', 'error', null),
		device: fc.constantFrom('mobile', 'desktop'),
		product: fc.constantFrom('Sofa', 'Lamp', null),
		leftAt: fc.constantFrom('mask', 'final', null),
		action: fc.constantFrom('share', null),
		steps: fc.subarray(['room_capture', 'mask', 'inpaint', 'placement', 'final']),
		code: fc.constantFrom('E1', 'E2', null),
		cost: fc.option(fc.integer({ min: 0, max: 900 })),
		aiStatus: fc.constantFrom('success', 'failed')
	}),
	{ minLength: 300, maxLength: 300 }
);

beforeAll(async () => {
	database = await testDatabase();
	const log = { warn: () => undefined, error: (message: string) => process.stderr.write(message) };
	const writer = new Committer({
		url: database.url,
		lanes: 1,
		queue: { maxEvents: 1e6, maxSize: 1e9 },
		stallMs: 20_000,
		log
	});
	const events = (fc.sample(shoppers, { numRuns: 1, seed: 4 })[0] ?? []).flatMap((shopper, index): LogEvent[] => {
		const at = (ms: number) => ({ sessionId: `s${index}`, shopDomain: shopper.shop, clientTime: T0 + shopper.at + ms, serverTime: T0 + shopper.at + ms, id: `${index}-${ms}` }); // prettier-ignore
		const data = (fields: object, ms: number, type: string) => event(type, { ...at(ms), data: fields });
		return [
			event('session_started', { ...at(0), data: { productTitle: shopper.product }, deviceContext: { deviceType: shopper.device } }),
			...shopper.steps.map((step, place) => data({ step, status: 'completed' }, 1 + place, 'step_update')),
			...(shopper.code ? [data({ errorCode: shopper.code }, 10, 'error')] : []),
			data({ requestId: `r${index}`, provider: 'fal', status: shopper.aiStatus, costUsd: shopper.cost === null ? null : shopper.cost / 1000 }, 11, 'ai_request'),
			...(shopper.status ? [data({ status: shopper.status, abandonmentStep: shopper.leftAt }, 12, 'session_ended')] : []),
			...(shopper.action ? [data({ action: shopper.action }, 13, 'post_ar_action')] : [])
		]; // prettier-ignore
	});
	for (let from = 0; from < events.length; from += 200) {
		expect(await writer.commit(batch(events.slice(from, from + 200)), Date.now() + 20_000)).toMatchObject({
			refused: []
		});
	}
	await writer.stop();
});
afterAll(() => database.drop());

const span = fc
	.record({
		from: fc.integer({ min: -DAY, max: DAYS * DAY }),
		length: fc.oneof(fc.integer({ min: 1, max: 3_600_000 }), fc.integer({ min: 1, max: (DAYS + 1) * DAY })),
		shop: fc.constantFrom(null, 'a.example', '')
	})
	.map(({ from, length, shop }) => ({ from: T0 + from, to: T0 + from + length, shop }));

/** Two questions about every span that must have the same answer. */
function alike(
	counted: (sql: Sql, span: tallies.Span) => Fragment,
	direct: (sql: Sql, span: tallies.Span) => Fragment
) {
	return fc.assert(
		fc.asyncProperty(span, async (asked) => {
			const { sql } = database;
			expect([...(await counted(sql, asked))]).toEqual([...(await direct(sql, asked))]);
		}),
		{ numRuns: 60 }
	);
}

const within = (sql: Sql, column: string, { from, to }: tallies.Span) =>
	sql`${sql(column)} >= ${new Date(from)} and ${sql(column)} < ${new Date(to)}`;
const ofShop = (sql: Sql, shop: string | null) =>
	shop === null ? sql`true` : sql`coalesce(shop_domain, '') = ${shop}`;

test('sessions of any span are counted as their rows would be', () =>
	alike(
		(sql, asked) => sql`
			select sum(sessions)::int as sessions, sum(completed)::int as completed, sum(reached_3)::int as inpaint,
				sum(active)::int as active, trim_scale(sum(cost))::text as cost
			from ${tallies.sessionCounts(sql, asked)} as counted`,
		(sql, asked) => sql`
			select nullif(count(*)::int, 0) as sessions, sum((status = 'completed')::int)::int as completed,
				sum((status = 'completed' or exists (
					select from session_steps as steps where steps.session_id = sessions.session_id and step in ('inpaint', 'placement', 'final')
				))::int)::int as inpaint,
				sum((status = 'in_progress')::int)::int as active, trim_scale(sum(total_ai_cost))::text as cost
			from sessions where ${within(sql, 'started_at', asked)} and ${ofShop(sql, asked.shop)}`
	));

test.each([
	['device', 'true', `coalesce(device_type, '')`],
	['product', 'true', `coalesce(product_title, '')`],
	['post_ar', `status <> 'in_progress'`, `coalesce(post_ar_action, '')`],
	['exit', `status in ('abandoned', 'error')`, `json_build_array(coalesce(abandonment_step, ''), '')::text`]
] as const)('sessions of any span are split by %s as their rows would be', (dimension, counted, value) =>
	alike(
		(sql, asked) => sql`
			select value, sum(sessions)::int as sessions, sum(completed)::int as completed, sum(active)::int as active
			from ${tallies.sessionParts(sql, dimension, asked)} as parts
			where ${dimension === 'exit' ? sql`value <> ''` : sql`true`}
			group by value having sum(sessions) <> 0 order by value`,
		(sql, asked) => sql`
			select
				${sql.unsafe(value)} as value, count(*)::int as sessions, sum((status = 'completed')::int)::int as completed,
				sum((status = 'in_progress')::int)::int as active
			from sessions
			where ${sql.unsafe(counted)} and ${within(sql, 'started_at', asked)} and ${ofShop(sql, asked.shop)}
			group by 1 order by 1`
	)
);

test('sessions of any span are counted and split by shop as their rows would be', async () => {
	await alike(
		(sql, asked) => sql`
			select shop, sum(sessions)::int as sessions, sum(active)::int as active, trim_scale(sum(cost))::text as cost
			from ${tallies.shopSessions(sql, asked)} as counted
			group by shop having sum(sessions) <> 0 order by shop`,
		(sql, asked) => sql`
			select
				coalesce(shop_domain, '') as shop, count(*)::int as sessions, sum((status = 'in_progress')::int)::int as active,
				trim_scale(sum(total_ai_cost))::text as cost
			from sessions where ${within(sql, 'started_at', asked)} and ${ofShop(sql, asked.shop)}
			group by 1 order by 1`
	);
	await alike(
		(sql, asked) => sql`
			select shop, value, sum(sessions)::int as sessions from ${tallies.shopSessionParts(sql, 'device', asked)} as parts
			group by shop, value having sum(sessions) <> 0 order by shop, value`,
		(sql, asked) => sql`
			select coalesce(shop_domain, '') as shop, coalesce(device_type, '') as value, count(*)::int as sessions
			from sessions where ${within(sql, 'started_at', asked)} and ${ofShop(sql, asked.shop)}
			group by 1, 2 order by 1, 2`
	);
});

test('AI requests of any span are counted and split as their rows would be', async () => {
	await alike(
		(sql, asked) => sql`
			select sum(requests)::int as requests, sum(failed)::int as failed, trim_scale(sum(cost))::text as cost
			from ${tallies.aiCounts(sql, asked)} as counted`,
		(sql, asked) => sql`
			select nullif(count(*)::int, 0) as requests, sum((status = 'failed')::int)::int as failed,
				trim_scale(sum(coalesce(cost_usd, 0)))::text as cost
			from ai_requests where ${within(sql, 'occurred_at', asked)} and ${ofShop(sql, asked.shop)}`
	);
	await alike(
		(sql, asked) => sql`
			select shop, status, sum(requests)::int as requests, sum(unpriced)::int as unpriced
			from ${tallies.shopAiParts(sql, asked)} as parts group by shop, status order by shop, status`,
		(sql, asked) => sql`
			select coalesce(shop_domain, '') as shop, status, count(*)::int as requests,
				(count(*) filter (where cost_usd is null))::int as unpriced
			from ai_requests where ${within(sql, 'occurred_at', asked)} and ${ofShop(sql, asked.shop)}
			group by 1, 2 order by 1, 2`
	);
	await alike(
		(sql, asked) => sql`
			select status, sum(requests)::int as requests, sum(unpriced)::int as unpriced, trim_scale(sum(cost))::text as cost
			from ${tallies.aiParts(sql, asked)} as parts group by status order by status`,
		(sql, asked) => sql`
			select status, count(*)::int as requests, (count(*) filter (where cost_usd is null))::int as unpriced,
				trim_scale(sum(coalesce(cost_usd, 0)))::text as cost
			from ai_requests where ${within(sql, 'occurred_at', asked)} and ${ofShop(sql, asked.shop)}
			group by 1 order by 1`
	);
	await alike(
		(sql, asked) => sql`
			select day, status, sum(requests)::int as requests, sum(unpriced)::int as unpriced, trim_scale(sum(cost))::text as cost
			from ${tallies.aiDays(sql, asked)} as parts group by day, status order by day, status`,
		(sql, asked) => sql`
			select
				date_trunc('day', occurred_at, 'UTC') as day, status, count(*)::int as requests,
				(count(*) filter (where cost_usd is null))::int as unpriced, trim_scale(sum(coalesce(cost_usd, 0)))::text as cost
			from ai_requests where ${within(sql, 'occurred_at', asked)} and ${ofShop(sql, asked.shop)}
			group by 1, 2 order by 1, 2`
	);
	await alike(
		(sql, asked) => sql`
			select shop, sum(requests)::int as requests, sum(unpriced)::int as unpriced, sum(failed)::int as failed
			from ${tallies.shopAiCounts(sql, asked)} as counted group by shop order by shop`,
		(sql, asked) => sql`
			select
				coalesce(shop_domain, '') as shop, count(*)::int as requests,
				(count(*) filter (where cost_usd is null))::int as unpriced, sum((status = 'failed')::int)::int as failed
			from ai_requests where ${within(sql, 'occurred_at', asked)} group by 1 order by 1`
	);
});

test('errors of any span are counted by group and by shop as their rows would be', async () => {
	const rows = (sql: Sql, asked: tallies.Span, key: string) => sql`
		select ${sql.unsafe(key)} as key, count(*)::int as errors from error_events
		where ${within(sql, 'occurred_at', asked)} and ${ofShop(sql, asked.shop)} group by 1 order by 1`;
	for (const counted of [tallies.errorCounts, tallies.groupErrorCounts]) {
		await alike(
			(sql, asked) => sql`
				select group_key as key, sum(errors)::int as errors from ${counted(sql, asked)} as counted
				group by group_key order by group_key`,
			(sql, asked) => rows(sql, asked, 'group_key')
		);
	}
	await alike(
		(sql, asked) => sql`
			select shop as key, sum(errors)::int as errors from ${tallies.shopErrorCounts(sql, asked)} as counted
			group by shop order by shop`,
		(sql, asked) => rows(sql, asked, `coalesce(shop_domain, '')`)
	);
});

test('events of any span are counted by type and by shop as the log would be', async () => {
	await alike(
		(sql, asked) => sql`
			select event_type, sum(events)::int as events from ${tallies.eventCounts(sql, asked, { only: [], without: [] })} as counted
			group by event_type order by event_type`,
		(sql, asked) => sql`
			select event_type, count(*)::int as events from analytics_events
			where ${within(sql, 'server_timestamp', asked)} group by 1 order by 1`
	);
	await alike(
		(sql, asked) => sql`
			select shop, sum(events)::int as events from ${tallies.eventParts(sql, asked, { only: ['step_update'], without: [] })} as parts
			group by shop order by shop`,
		(sql, asked) => sql`
			select coalesce(shop_domain, '') as shop, count(*)::int as events from analytics_events
			where event_type = 'step_update' and ${within(sql, 'server_timestamp', asked)} and ${ofShop(sql, asked.shop)}
			group by 1 order by 1`
	);
});

test('events of all types are counted by shop as the log would be', () =>
	alike(
		(sql, asked) => sql`
			select shop, sum(events)::int as events from ${tallies.shopEventCounts(sql, asked)} as counted
			group by shop order by shop`,
		(sql, asked) => sql`
			select coalesce(shop_domain, '') as shop, count(*)::int as events from analytics_events
			where ${within(sql, 'server_timestamp', asked)} and ${ofShop(sql, asked.shop)} group by 1 order by 1`
	));

test('the buckets of a chart hold what lies between their edges, in a zone with odd offsets too', () =>
	fc.assert(
		fc.asyncProperty(span, fc.constantFrom('UTC', 'Asia/Kathmandu', 'America/St_Johns'), async (asked, zone) => {
			const { sql } = database;
			const { edges } = buckets(asked, zone, Date.now());
			const rows = await sql<{ bucket: number; sessions: number }[]>`
				select ${tallies.bucketOf(sql, edges)} as bucket, sum(sessions)::int as sessions
				from ${tallies.sessionCounts(sql, { ...asked, shop: null }, edges)} as counted
				group by 1 order by 1`;
			const requests = await sql<{ bucket: number; requests: number }[]>`
				select ${tallies.bucketOf(sql, edges)} as bucket, sum(requests)::int as requests
				from ${tallies.aiCounts(sql, { ...asked, shop: null }, edges)} as counted
				group by 1 order by 1`;
			const failed = await sql<{ bucket: number; errors: number }[]>`
				select ${tallies.bucketOf(sql, edges)} as bucket, sum(errors)::int as errors
				from ${tallies.groupErrorCounts(sql, { ...asked, shop: null }, edges)} as counted
				group by 1 order by 1`;
			const [times, requested, failures] = await Promise.all([
				sql<{ at: Date }[]>`select started_at as at from sessions`,
				sql<{ at: Date }[]>`select occurred_at as at from ai_requests`,
				sql<{ at: Date }[]>`select occurred_at as at from error_events`
			]);
			const events = await sql<{ bucket: number; events: number }[]>`
				select ${tallies.bucketOf(sql, edges)} as bucket, sum(events)::int as events
				from ${tallies.eventCounts(sql, asked, { only: ['session_started'], without: [] }, edges)} as counted
				group by 1 order by 1`;
			const placed = (all: typeof times) =>
				edges.slice(0, -1).map((edge, index) => {
					const next = edges[index + 1] ?? edge;
					return all.filter(({ at }) => at.getTime() >= edge && at.getTime() < next).length;
				});
			const expected = placed(times);
			const seen = expected.map((_, index) => rows.find(({ bucket }) => bucket === index)?.sessions ?? 0);
			expect(seen).toEqual(expected);
			expect(expected.map((_, index) => requests.find(({ bucket }) => bucket === index)?.requests ?? 0)).toEqual(
				placed(requested)
			);
			expect(expected.map((_, index) => failed.find(({ bucket }) => bucket === index)?.errors ?? 0)).toEqual(
				placed(failures)
			);
			// Each session began when its first event came.
			expect(expected.map((_, index) => events.find(({ bucket }) => bucket === index)?.events ?? 0)).toEqual(expected);
		}),
		{ numRuns: 40 }
	));

test('the weeks and hours that the migration fills in are those that commits keep', async () => {
	const { sql } = database;
	const further = sql`dimension like '%\\_hour' or dimension in ('shop_week', 'all_exit_week')`;
	const longer = sql`grain in ('shop_hour', 'shop_week', 'all_week')`;
	// What was counted and taken out again leaves rows that say nothing.
	const kept = () =>
		Promise.all([
			sql`select * from session_tallies where (${further}) and sessions > 0 order by dimension, shop, bucket, value`,
			sql`select * from ai_tallies where ${longer} and requests > 0 order by grain, shop, bucket`,
			sql`select * from ai_part_tallies where ${longer} and requests > 0 order by ai_part_tallies`
		]);
	const ofCommits = await kept();
	for (const rows of ofCommits) expect(rows.length).toBeGreaterThan(0);
	await sql`delete from session_tallies where ${further}`;
	await sql`delete from ai_tallies where ${longer}`;
	await sql`delete from ai_part_tallies where ${longer}`;
	await sql`drop index ai_part_tallies_unpriced`;
	await sql.unsafe(MIGRATIONS['0015_weeks_and_hours.sql'] ?? '');
	expect(await kept()).toEqual(ofCommits);
});
