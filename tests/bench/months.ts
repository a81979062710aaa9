/**
 * What a log of 13 months costs: how long a commit takes beside one of an empty database, group by group in turn, and what
 * requests notice when a month leaves the log.
 *
 * The log is filled by SQL, which is quicker than committing, with sessions of ten events evenly over the months; the
 * folds are then made from it by the product's own rebuild. All of it counts as archived.
 */
import { loadavg } from 'node:os';
import { parseBatch } from '../../src/lib/server/ingest/parse';
import { Lane } from '../../src/lib/server/commit/lane';
import { rebuild } from '../../src/lib/server/commit/rebuild';
import type { LogRow } from '../../src/lib/server/commit/rows';
import { connect, type Sql } from '../../src/lib/server/db/connect';
import { retain } from '../../src/lib/server/months/retention';
import { machine, median, quantile, spread, table } from './figures';
import { runLoad } from './load';
import { batches } from './shoppers';
import { openStage, type Database, type Stage } from './stage';

const MONTHS = 13;
const SIZES = [1, 10, 100];
/** Groups of each size, of which the first fifth is left out. */
const GROUPS: Record<number, number> = { 1: 1_000, 10: 600, 100: 200 };
const FILL_AT_ONCE = 500_000;
const EVENTS_A_COMMIT = 500;
const RATE = 300;
const BEFORE_MS = 15_000;
const AFTER_MS = 3_000;

interface Options {
	events: number;
	/** Each measures commits, and lets a month leave. */
	rounds: number;
	/** Where the log is kept from one run to the next; undefined for nowhere. */
	data: string | undefined;
}

export async function benchMonths({ events, rounds, data }: Options): Promise<void> {
	const stage = await openStage(data);
	try {
		const full = await stage.filled('months', `${events} events`, ({ sql }) => fill(sql, events));
		say([`npm run bench -- months --events ${events} --rounds ${rounds}`, machine(), await sizeOf(full.sql), '']);
		const measured: Measured[] = [];
		for (let round = 1; round <= rounds; round++) {
			await stage.superuser.unsafe('drop database if exists empty');
			const empty = await stage.database('empty');
			// The product makes it ahead. With a single month, a commit would look for its events in that one, for nothing.
			await empty.sql`select ensure_month((now() + interval '1 month')::date)`;
			await warm(stage, full);
			// None begins by itself for a while.
			await stage.superuser.unsafe('checkpoint');
			measured.push(...(await commitTimes(empty.url, full.url)));
			await empty.sql.end({ timeout: 1 });
			say([`Round ${round}, load ${loadavg()[0]?.toFixed(1)}: ${await dropMonth(stage, full)}`]);
		}
		say(['', 'Commits, the same rows in turn; medians of the rounds (smallest to largest):', '', ...tableOf(measured)]);
	} finally {
		await stage.close();
	}
}

function say(lines: readonly string[]): void {
	process.stdout.write(`${lines.join('\n')}\n`);
}

async function fill(sql: Sql, events: number): Promise<void> {
	const begun = performance.now();
	await sql`
		select ensure_month((date_trunc('month', now()) - month * interval '1 month')::date)
		from generate_series(-1, ${MONTHS - 1}) as month`;
	await sql`
		insert into archive_objects (name, first_commit, last_commit, commits, events, bytes, oldest_at, state, shipped_at)
		values ('analytics/events/2025/01/01/2025-01-01T00:00:00.000Z_0.json', 1, 1, 1, 1, 1, now(), 'shipped', now())`;
	const beginning = `date_trunc('month', now()) - interval '${MONTHS - 1} months'`;
	for (let from = 0; from < events; from += FILL_AT_ONCE) {
		const to = Math.min(events, from + FILL_AT_ONCE) - 1;
		await sql.unsafe(`
			insert into analytics_events (
				id, event_type, session_id, shop_domain, data, device_context, client_timestamp, server_timestamp, user_agent, ip,
				commit_id
			)
			select
				'c_' || left(md5(n::text), 22),
				(array['session_started', 'step_update', 'step_update', 'step_update', 'step_update', 'step_update', 'step_update',
					'ai_request', 'user_action', 'session_ended'])[1 + n % 10],
				'past_' || n / 10, 'shop-' || n / 10 % 25 || '.myshopify.com',
				case n % 10
					when 0 then jsonb_build_object('productId', 'p' || n / 10 % 400, 'productTitle', 'Oak sideboard, 160 cm', 'flow', 'v2')
					when 7 then jsonb_build_object('requestId', 'r' || n, 'provider', 'fal', 'model', 'flux-fill', 'status', 'success', 'costUsd', 0.04)
					when 8 then '{"action": "mask_edit", "editType": "add"}'
					when 9 then '{"status": "completed", "durationMs": 64000}'
					else jsonb_build_object(
						'step', (array['room_capture', 'mask', 'inpaint'])[(n % 10 + 1) / 2],
						'status', case n % 2 when 1 then 'started' else 'completed' end, 'durationMs', 8000 + n % 100
					)
				end,
				'{"deviceType": "mobile", "os": "iOS", "osVersion": "17.5", "browser": "Safari", "screenWidth": 390}',
				at, at + interval '400 ms', 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15', '203.0.113.9',
				1 + n / ${EVENTS_A_COMMIT}
			from
				generate_series(${from}, ${to}) as n,
				lateral (
					select ${beginning} + (now() - (${beginning})) * (n / 10)::float8 / ${events / 10} + n % 10 * interval '7 s'
						- interval '90 s' as at
				) as times
			where at >= ${beginning}`);
		process.stderr.write(`${to + 1} events in the log after ${Math.round((performance.now() - begun) / 1000)} s\n`);
	}
	await sql`
		insert into commits (id, event_count, source, archive_object) overriding system value
		select commit_id, count(*), 'ingest', 1 from analytics_events group by commit_id`;
	await sql`select setval('commits_id_seq', (select max(id) from commits))`;
	await sql.unsafe('vacuum analyze');
	await rebuild(sql, (commits) => {
		if (commits > 0 && commits % 5_000 === 0) process.stderr.write(`${commits} commits folded\n`);
	});
	await sql.unsafe('vacuum analyze');
	process.stderr.write(`filled in ${Math.round((performance.now() - begun) / 1000)} s\n`);
}

/**
 * Reads what a server that has run for some weeks has in its cache, because it wrote it there itself: the indexes of this
 * month and the last, and of the folds. The rebuild, or the restart of a kept stage, left others there, or none.
 */
async function warm(stage: Stage, { url }: Database): Promise<void> {
	const superuser = connect({
		url: Object.assign(new URL(stage.superuserUrl), { pathname: new URL(url).pathname }).href,
		application: 'bench',
		max: 1
	});
	await superuser`create extension if not exists pg_prewarm`;
	await superuser`
		select sum(pg_prewarm(indexrelid::regclass))
		from pg_index
		join pg_class on pg_class.oid = indrelid
		where relnamespace = current_schema()::regnamespace and relkind = 'r' and (
			not relispartition
			or relname in (select month_table(log_month(at)) from unnest(array[now(), now() - interval '1 month']) as at)
		)`;
	await superuser.end();
}

async function sizeOf(sql: Sql): Promise<string> {
	const [row] = await sql<{ events: string; months: number; sessions: string; size: string }[]>`
		select
			(select count(*) from analytics_events) as events,
			(select count(distinct tableoid)::int from analytics_events) as months,
			(select count(*) from sessions) as sessions,
			pg_size_pretty(pg_database_size(current_database())) as size`;
	return `${row?.events} events in ${row?.months} months, ${row?.sessions} sessions, ${row?.size}. Filled by SQL, folded by a rebuild.`;
}

/** Milliseconds of a round's commits of one size. */
interface Measured {
	size: number;
	empty: number[];
	full: number[];
}

/** The same rows into both, in turn, each on a connection of its own. */
async function commitTimes(emptyUrl: string, fullUrl: string): Promise<Measured[]> {
	const lanes = { empty: lane(emptyUrl), full: lane(fullUrl) };
	const all: Measured[] = [];
	try {
		for (const size of SIZES) {
			const measured: Measured = { size, empty: [], full: [] };
			const source = batches(size);
			const groups = GROUPS[size] ?? 0;
			for (let group = 0; group < groups; group++) {
				const text = JSON.stringify(source.next().value);
				const parsed = parseBatch(JSON.parse(text), text, { userAgent: 'bench', ip: '127.0.0.1' }, Date.now());
				if ('code' in parsed) throw new Error(parsed.message);
				const events = [...parsed.batch.events].sort(byKey);
				for (const which of group % 2 === 0 ? (['empty', 'full'] as const) : (['full', 'empty'] as const)) {
					const begun = performance.now();
					await lanes[which].commit({ source: 'ingest', events, rejected: [] });
					if (group >= groups / 5) measured[which].push(performance.now() - begun);
				}
			}
			all.push(measured);
		}
		return all;
	} finally {
		await Promise.all([lanes.empty.end(), lanes.full.end()]);
	}
}

function lane(url: string): Lane {
	return new Lane({ url, application: 'bench', stallMs: 60_000 });
}

function tableOf(measured: readonly Measured[]): string[] {
	const rows = SIZES.map((size) => {
		const rounds = measured.filter((one) => one.size === size);
		const times = (which: 'empty' | 'full', part: number) =>
			`${spread(rounds.map((round) => quantile(round[which], part)), 2)} ms`; // prettier-ignore
		const ratios = rounds.map(({ empty, full }) => median(full) / median(empty));
		return [
			String(size),
			times('empty', 0.5),
			times('full', 0.5),
			spread(ratios, 2),
			times('empty', 0.9),
			times('full', 0.9)
		];
	});
	return [table(['events a commit', 'empty: median', 'filled: median', 'ratio', 'empty: p90', 'filled: p90'], rows)]; // prettier-ignore
}

function byKey(one: LogRow, other: LogRow): number {
	return one.key < other.key ? -1 : 1;
}

/** The oldest month leaves the log while a steady load runs. */
async function dropMonth(stage: Stage, { url, sql }: Database): Promise<string> {
	const [log] = await sql<{ months: number }[]>`
		select count(distinct tableoid)::int as months from analytics_events where server_timestamp < date_trunc('month', now())`;
	const product = await stage.product(url);
	const answers: { sentAt: number; tookMs: number }[] = [];
	const ending = new AbortController();
	const load = runLoad({
		address: product.address,
		rate: RATE,
		goesOn: () => !ending.signal.aborted,
		onAnswer: (sentAt, tookMs) => answers.push({ sentAt, tookMs })
	});
	await pause(BEFORE_MS);
	const begun = performance.now();
	const gone = await retain(url, { keepMonths: (log?.months ?? 0) - 1, now: Date.now(), dryRun: false });
	const ended = performance.now();
	await pause(AFTER_MS);
	ending.abort();
	const { sent, failed } = await load;
	await product.stop();
	const [month] = gone === 'busy' ? [] : gone;
	const took = month?.took;
	if (!month || !took) throw new Error(`one month should have been dropped: ${JSON.stringify(gone)}`);
	// The first seconds warm the process up.
	const before = answers.filter(({ sentAt }) => sentAt < begun && sentAt > begun - BEFORE_MS * 0.8).map(({ tookMs }) => tookMs); // prettier-ignore
	const during = answers
		.filter(({ sentAt, tookMs }) => sentAt + tookMs > begun && sentAt < ended)
		.map(({ tookMs }) => tookMs);
	return (
		`${month.month} left the log under ${RATE} requests/s of one event (${sent} sent, ${failed} failed) in ${ms(took.allMs)}, ` +
		`of which it waited ${ms(took.waitedMs)} for those who had the log open; ` +
		`with the checks before it and the removal of its files ${ms(ended - begun)}. ` +
		`Requests before: median ${median(before).toFixed(1)} ms, p99 ${quantile(before, 0.99).toFixed(1)} ms, longest ${Math.max(...before).toFixed(1)} ms. ` +
		`During all of it: ${during.length} requests, p99 ${quantile(during, 0.99).toFixed(1)} ms, longest ${Math.max(...during).toFixed(1)} ms.`
	);
}

function ms(time: number): string {
	return `${Math.round(time)} ms`;
}

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}
