/** The log by months: an event stays one, whichever months its repetitions come in, and whoever commits them. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Committer } from '../../src/lib/server/commit/committer';
import { monthAfter } from '../../src/lib/server/commit/months';
import { verify } from '../../src/lib/server/commit/rebuild';
import { batchOf, logRow, type CommitSource, type LogEvent } from '../../src/lib/server/commit/rows';
import { migrate, MIGRATIONS } from '../../src/lib/server/db/migrate';
import { projections } from '../../src/lib/server/projections/index';
import { emptyDatabase, testDatabase, type TestDatabase } from '../support/database';
import { event, someEvents } from '../support/events';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** The turn of a month long ago, and the middle of the month that is. */
const EDGE = Date.UTC(2026, 1, 1);
const THIS_MONTH = monthAfter(Date.now(), 0);

let database: TestDatabase;
let writers: Committer[];

beforeAll(async () => {
	database = await testDatabase();
	writers = [1, 2].map(() => committer(database.url));
});
afterAll(async () => {
	await Promise.all(writers.map((writer) => writer.stop()));
	await database.drop();
});
beforeEach(empty);

function committer(url: string): Committer {
	const log = { warn: () => undefined, error: (message: string) => process.stderr.write(message) };
	return new Committer({ url, lanes: 1, queue: { maxEvents: 1e6, maxSize: 1e9 }, stallMs: 20_000, log });
}

async function empty(): Promise<void> {
	const folds = projections.map(({ table }) => table).join(', ');
	await database.sql.unsafe(`truncate analytics_events, commits, month_edge_events, log_months, ${folds}`);
}

/** Commits; answers how many were new. */
async function commit(events: readonly LogEvent[], writer = writers[0], source: CommitSource = 'ingest') {
	const outcome = await writer?.commit(batchOf(source, events.map(logRow)), Date.now() + 20_000);
	if (!outcome || 'code' in outcome) throw new Error(outcome?.message);
	expect(outcome.refused).toEqual([]);
	return outcome.accepted;
}

async function expectVerified(): Promise<void> {
	const differences = await verify(database.sql);
	expect(differences.filter(({ onlyLive, onlyRebuilt }) => onlyLive + onlyRebuilt > 0)).toEqual([]);
}

async function months(): Promise<Record<string, number>> {
	const rows = await database.sql<{ month: string; events: number }[]>`
		select tableoid::regclass::text as month, count(*)::int as events from analytics_events group by 1 order by 1`;
	return Object.fromEntries(rows.map(({ month, events }) => [month.slice(-7), events]));
}

describe('a month of the log', () => {
	test('is made before its first event, for two writers at once', async () => {
		const early = (id: string, month: number) => event('early', { id, serverTime: Date.UTC(2019, month, 3) });
		await Promise.all(
			[0, 1, 2, 3].flatMap((month) => writers.map((writer, at) => commit([early(`e${month}${at}`, month)], writer)))
		);
		expect(await months()).toEqual({ '2019_01': 2, '2019_02': 2, '2019_03': 2, '2019_04': 2 });
	});

	test('has its events by the time of the server in UTC, to the millisecond', async () => {
		await commit([-1, 0].map((ms) => event('edge', { id: `e${ms}`, serverTime: EDGE + ms })));
		expect(await months()).toEqual({ '2026_01': 1, '2026_02': 1 });
	});

	test('has all rows of the table that was there before it', async () => {
		const old = await emptyDatabase();
		const before = Object.fromEntries(Object.entries(MIGRATIONS).filter(([name]) => name < '0003'));
		await migrate(old.sql, before);
		await old.sql`insert into commits (event_count, source) values (3000, 'ingest')`;
		await old.sql`
			insert into analytics_events (
				id, event_type, session_id, shop_domain, data, device_context, client_timestamp, server_timestamp, user_agent, ip,
				clock_shift_ms, extra, commit_id
			)
			select
				'e' || n / 3, 'custom', 's' || n % 7, (array['a.example', '', null])[1 + n % 3], jsonb_build_object('n', n), '{"os":"iOS"}',
				case when n % 5 > 0 then timestamptz '2026-01-09 11:00Z' + n * interval '1 hour' end,
				timestamptz '2026-01-09 11:00:00.123Z' + n * interval '1 hour', 'agent', '203.0.113.9', n % 2, '{"x":1}', 1
			from generate_series(1, 3000) as n`;
		const rows = () =>
			// Without the column that no event of that time has.
			old.sql<{ row: string }[]>`
				select (to_jsonb(logged) - 'key_id')::text as row from analytics_events as logged order by 1`;
		const moved = await rows();
		await migrate(old.sql);
		expect(await rows()).toEqual(moved);
		expect(await old.sql`select count(distinct tableoid)::int as months from analytics_events`).toEqual([
			{ months: 5 }
		]);
		await expect(old.sql`
			insert into analytics_events (id, event_type, shop_domain, data, server_timestamp, commit_id)
			select id, event_type, shop_domain, data, server_timestamp, 2 from analytics_events limit 1`).rejects.toThrow(/unique/);
		await old.drop();
	});
});

describe('an event stays one', () => {
	/** What few events can differ by, so that they meet: who, and with what time of their client. */
	const copies = someEvents(1, 12).chain((events) =>
		fc.record({
			events: fc.constant(events),
			arrivals: fc.array(
				fc.record({
					batch: fc.array(fc.record({ of: fc.nat(events.length - 1), at: fc.integer({ min: -9, max: 9 }) }), {
						minLength: 1,
						maxLength: 8
					}),
					writer: fc.nat(1)
				}),
				{ minLength: 2, maxLength: 8 }
			)
		})
	);

	test('at the turn of a month, whatever the batches, whoever commits, and all at once', async () => {
		await fc.assert(
			fc.asyncProperty(copies, async ({ events, arrivals }) => {
				await empty();
				const sent = arrivals.map(({ batch, writer }) => ({
					writer: writers[writer],
					events: batch.flatMap(({ of, at }) => {
						const one = events[of];
						return one ? [{ ...one, serverTime: EDGE + at * MINUTE }] : [];
					})
				}));
				const accepted = await Promise.all(sent.map(({ events: batch, writer }) => commit(batch, writer)));
				const distinct = new Set(sent.flatMap((one) => one.events.map(({ shopDomain, id }) => `${shopDomain}|${id}`)));
				expect(accepted.reduce((sum, count) => sum + count, 0)).toBe(distinct.size);
				const [stored] = await database.sql<{ rows: number; keys: number }[]>`
					select count(*)::int as rows, count(distinct (id, shop_domain))::int as keys from analytics_events`;
				expect(stored).toEqual({ rows: distinct.size, keys: distinct.size });
				await expectVerified();
			}),
			{ numRuns: 25 }
		);
	});

	test('when repetitions come up to a year later, in any batches', async () => {
		await fc.assert(
			fc.asyncProperty(copies, fc.array(fc.integer({ min: 0, max: 366 }), { minLength: 1 }), async (sent, days) => {
				await empty();
				let accepted = 0;
				const seen = new Set<string>();
				const first = Date.UTC(2025, 0, 20);
				// In the order of the server's time, as they come over the wire; the client's time is that of the first attempt.
				const later = sent.arrivals.map((_, n) => first + (days[n % days.length] ?? 0) * DAY).sort((a, b) => a - b);
				for (const [n, { batch, writer }] of sent.arrivals.entries()) {
					const events = batch.flatMap(({ of, at }) => {
						const one = sent.events[of];
						const clientTime = one && one.clientTime !== null ? first - of * DAY : null;
						return one ? [{ ...one, clientTime, serverTime: (later[n] ?? 0) + at }] : [];
					});
					for (const { shopDomain, id } of events) seen.add(`${shopDomain}|${id}`);
					accepted += await commit(events, writers[writer]);
				}
				expect(accepted).toBe(seen.size);
				await expectVerified();
			}),
			{ numRuns: 20 }
		);
	});

	test('when it comes today and was stored last month, or a year ago, with or without a time of its own', async () => {
		const today = Math.min(Math.max(Date.now(), THIS_MONTH + 11 * MINUTE), monthAfter(THIS_MONTH, 1) - 11 * MINUTE);
		for (const [name, clientTime, stored] of [
			['last month', THIS_MONTH - DAY, THIS_MONTH - DAY],
			['a clock six days ahead', THIS_MONTH + 5 * DAY, THIS_MONTH - DAY],
			['a year ago', THIS_MONTH - 365 * DAY, THIS_MONTH - 365 * DAY],
			['no time', null, THIS_MONTH - 200 * DAY],
			['a clock that is years ahead', today + 900 * DAY, THIS_MONTH - 200 * DAY]
		] as const) {
			for (const shopDomain of ['a.example', '', null]) {
				const one = event('late', { id: name, shopDomain, clientTime, serverTime: stored });
				expect([name, await commit([one])]).toEqual([name, 1]);
				const again = { ...one, serverTime: today };
				expect([name, await commit([again, event('new', { id: `${name}${shopDomain}`, shopDomain: 'n.example', clientTime: today, serverTime: today })])]).toEqual([name, 1]); // prettier-ignore
			}
		}
		await expectVerified();
	});

	test('when what came later is known and the earlier copy is brought back', async () => {
		const late = event('late', { id: 'x', clientTime: EDGE - 90 * DAY, serverTime: EDGE });
		expect(await commit([late])).toBe(1);
		expect(await commit([{ ...late, serverTime: EDGE - 90 * DAY }], writers[1], 'backfill')).toBe(0);
		expect(await months()).toEqual({ '2026_02': 1 });
	});

	test('of equal ids in two shops, and without a shop or with an empty name, each is its own', async () => {
		const shops = ['a.example', 'b.example', '', null];
		for (const at of [EDGE - MINUTE, EDGE + MINUTE, EDGE + 40 * DAY]) {
			await commit(shops.map((shopDomain) => event('same', { id: 'x', shopDomain, clientTime: EDGE, serverTime: at })));
		}
		expect(await months()).toEqual({ '2026_01': 4 });
	});
});
