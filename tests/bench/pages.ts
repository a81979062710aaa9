/**
 * How long the server takes for each page with a long history of 90 days, beside two short ones: a young one, of the same
 * shops with the same traffic that have just begun, and a sparse one, of shops with little traffic over the same 90 days. A
 * page must not read more because the history has grown; with more traffic it has more rows to show as well, up to a page of
 * them. All are served at the same time by processes of their own and asked in turns, so that whatever else the machine does
 * meets all alike. They are at rest when they are asked: what was filled in has gone to the archive, the tables are vacuumed,
 * and every page has been asked for WARM_UP times, so that what is measured is the page and not what filling leaves to do.
 *
 * Afterwards the long history's server explains every statement of every page (auto_explain with analyze and buffers):
 * the longest of each page are kept in tests/bench/plans, and all are searched for scans of whole tables.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { writeHistory } from '../../src/simulate/history';
import type { Sql } from '../../src/lib/server/db/connect';
import { namesIn, type Names } from '../support/history';
import { machine, median, quantile, table } from './figures';
import { openStage, type Contender, type Database } from './stage';

const SHOPS = 30;
const DAYS = 90;
const SMALL = 50_000;
const PLANS = 'tests/bench/plans';
/** Not measured: connections fill their caches of statements, and settle on a plan after five runs each. */
const WARM_UP = 24;
const REST_POLL_MS = 1_000;
/** What is aimed at with the long history, at p95, and how much longer than with a short one. */
const GOAL_MS = 100;
const GOAL_RATIO = 1.5;
/** Statements whose plans are kept, of each page. */
const PLANS_KEPT = 2;
/** Tables of which no page may read the whole. */
const GROWING = ['analytics_events', 'sessions', 'session_steps', 'error_events', 'ai_requests', 'event_tallies', 'session_tallies']; // prettier-ignore

interface Options {
	/** Of the long history. */
	events: number;
	/** Requests for each page and history. */
	requests: number;
	/** Where the histories are kept from one run to the next; undefined for nowhere. */
	data: string | undefined;
	/** These pages alone, as they are listed or up to their query; undefined for all. */
	only: string | undefined;
}

interface Served {
	contender: Contender;
	sql: Sql;
	url: string;
	names: Names;
}

/** Prints a table of the pages, and writes the plans. */
export async function benchPages({ events, requests, data, only }: Options): Promise<void> {
	const pages = pagesAskedFor(only);
	const stage = await openStage(data);
	try {
		const serve = async (name: string, size: number, days: number): Promise<Served> => {
			const holds = days === DAYS ? `${size} events` : `${size} events of ${days} days`;
			const { url, sql } = await stage.filled(name, holds, (database) => fill(database, size, days));
			return { contender: await stage.product(url), sql, url, names: await namesIn(sql) };
		};
		const young = await serve('young', SMALL, (DAYS * SMALL) / events);
		const sparse = await serve('small', SMALL, DAYS);
		const long = await serve('large', events, DAYS);
		const served = [young, sparse, long];
		for (const { sql } of served) await rest(sql);
		await stage.superuser.unsafe('checkpoint');
		const loadBefore = load();
		const rows: string[][] = [];
		const missed: string[] = [];
		for (const page of pages) {
			const times = new Map(served.map((one) => [one, [] as number[]]));
			for (let turn = -WARM_UP; turn < requests; turn++) {
				for (const one of served) {
					const took = await ask(one.contender.address + addressOf(page, one.names));
					if (turn >= 0) times.get(one)?.push(took);
				}
			}
			const of = (one: Served, part: number) => quantile(times.get(one) ?? [], part);
			const ratios = [young, sparse].map((one) => of(long, 0.95) / of(one, 0.95));
			if (of(long, 0.95) > GOAL_MS) missed.push(`${page} (${of(long, 0.95).toFixed(0)} ms)`);
			for (const [at, ratio] of ratios.entries()) {
				if (ratio > GOAL_RATIO)
					missed.push(`${page} (${ratio.toFixed(2)} of the ${at === 0 ? 'young' : 'sparse'} one)`);
			}
			const shown = served.map((one) => `${of(one, 0.5).toFixed(1)} / ${of(one, 0.95).toFixed(1)}`);
			rows.push([page, ...shown, ...ratios.map((ratio) => ratio.toFixed(2))]);
		}
		const counts = await Promise.all(served.map(({ sql }) => countsIn(sql)));
		const medians = [-2, -1].map((column) => median(rows.map((row) => Number(row.at(column)))).toFixed(2));
		process.stdout.write(
			`${machine()}\nLoad average of the last minute: ${loadBefore} at the beginning, ${load()} at the end\n` +
				`young, sparse, long:\n${counts.join('\n')}\n` +
				`${requests} requests for each page after ${WARM_UP} to warm up, one after the other, with all that was filled in archived, ` +
				`vacuumed and analyzed, and a checkpoint taken; milliseconds until the last byte.\n\n` +
				`${table(['Page', 'young p50 / p95', 'sparse p50 / p95', 'long p50 / p95', 'p95 long ÷ young', 'p95 long ÷ sparse'], rows)}\n\n` +
				`Medians of the ratios: ${medians.join(' and ')}\n` +
				`Over ${GOAL_MS} ms, or over ${GOAL_RATIO} times a short one: ${missed.join(', ') || 'none'}\n`
		);
		for (const { contender } of served) await contender.stop();
		await explain(stage, long, pages);
	} finally {
		await stage.close();
	}
}

/** Every page, as it opens and over all of the history. {session}, {group} and {shop} stand for ones that exist. */
const ALL = 'from=now-90d';
const PAGES = [
	'/',
	'/sessions',
	`/sessions?${ALL}`,
	`/sessions?${ALL}&shop={shop}&status=completed`,
	`/sessions?${ALL}&product=zzz`,
	'/sessions/{session}',
	'/errors',
	`/errors?${ALL}`,
	'/errors?view=list',
	`/errors/{group}?${ALL}`,
	'/costs',
	`/costs?${ALL}`,
	`/costs?${ALL}&shop={shop}`,
	'/costs/prices',
	'/analytics',
	`/analytics?${ALL}`,
	`/analytics?${ALL}&type=step_update`,
	'/journey',
	`/journey?${ALL}`,
	`/journey?${ALL}&shop={shop}`,
	'/shops',
	`/shops?${ALL}`,
	`/shops/{shop}?${ALL}`,
	'/setup',
	`/setup?${ALL}`,
	'/system',
	'/search?q=sofa'
];

function pagesAskedFor(only: string | undefined): string[] {
	if (only === undefined) return PAGES;
	const asked = only.split(',');
	const pages = PAGES.filter((page) => asked.some((name) => page === name || page.startsWith(`${name}?`)));
	if (pages.length === 0) throw new Error(`no page is called ${only}: ${PAGES.join(' ')}`);
	return pages;
}

function addressOf(page: string, names: Names): string {
	return page.replace(/\{(session|group|shop)\}/g, (_, name: keyof Names) => encodeURIComponent(names[name]));
}

/** Every page as it is listed, with its address. */
export function pageAddresses(names: Names): [string, string][] {
	return PAGES.map((page) => [page, addressOf(page, names)]);
}

const load = () => os.loadavg()[0]?.toFixed(2) ?? '?';

/** Waits until a served database has nothing left to do but to answer. */
async function rest(sql: Sql): Promise<void> {
	const unarchived = sql`
		select from commits where archive_object is null and source <> 'backfill'
		union all
		select from archive_objects where state = 'waiting'`;
	for (;;) {
		const [row] = await sql<{ isBusy: boolean }[]>`select exists (${unarchived}) as "isBusy"`;
		if (!row?.isBusy) break;
		await pause(REST_POLL_MS);
	}
	await sql.unsafe('vacuum analyze');
}

async function fill({ url, sql }: Database, events: number, days: number): Promise<void> {
	const begun = performance.now();
	const options = { seed: 'pages', shops: SHOPS, events, spanMs: days * 86_400_000 };
	const output = { write: (text: string) => void process.stderr.write(text), isTTY: false };
	await writeHistory(options, { sql, url, sessionTimeoutMs: 600_000 }, output, new AbortController().signal);
	const seconds = (performance.now() - begun) / 1000;
	process.stderr.write(`${events} events in ${seconds.toFixed(0)} s: ${(events / seconds).toFixed(0)} events/s\n`);
}

async function countsIn(sql: Sql): Promise<string> {
	const [row] = await sql<{ events: string; sessions: string; errors: string; size: string }[]>`
		select (select count(*) from analytics_events) as events, (select count(*) from sessions) as sessions,
			(select count(*) from error_events) as errors, pg_size_pretty(pg_database_size(current_database())) as size`;
	return `${row?.events} events, ${row?.sessions} sessions, ${row?.errors} errors, ${row?.size}`;
}

async function ask(address: string): Promise<number> {
	const begun = performance.now();
	const response = await fetch(address);
	await response.arrayBuffer();
	if (!response.ok) throw new Error(`${address} answered ${response.status}`);
	return performance.now() - begun;
}

async function explain(
	stage: Awaited<ReturnType<typeof openStage>>,
	{ sql, url, names }: Served,
	pages: readonly string[]
): Promise<void> {
	const [database] = await sql<{ name: string }[]>`select current_database() as name`;
	for (const setting of [
		`session_preload_libraries = 'auto_explain'`,
		'auto_explain.log_min_duration = 0',
		'auto_explain.log_analyze = on',
		'auto_explain.log_buffers = on',
		// A clock read twice for each row of each node would be most of what it measures.
		'auto_explain.log_timing = off',
		'auto_explain.log_parameter_max_length = 200'
	]) {
		await stage.superuser.unsafe(`alter database ${database?.name ?? ''} set ${setting}`);
	}
	const { address, stop } = await stage.product(url);
	mkdirSync(PLANS, { recursive: true });
	const scans: string[] = [];
	for (const page of pages) {
		const from = readFileSync(stage.logFile).length;
		await ask(address + addressOf(page, names));
		const plans = plansIn(readFileSync(stage.logFile).subarray(from).toString('utf8'));
		const file = path.join(
			PLANS,
			`${page.replace(/[{}]/g, '').replace(/\W+/g, '-').replace(/^-|-$/g, '') || 'wall'}.txt`
		);
		const longest = plans.sort((one, other) => durationOf(other) - durationOf(one)).slice(0, PLANS_KEPT);
		const kept = longest.map(compact).join('\n\n');
		writeFileSync(file, `${machine()}\n${page}: the longest of ${plans.length} statements\n\n${kept}\n`);
		const whole = GROWING.filter((name) =>
			// A month's part of the log is called after it; those that have no rows yet cost nothing.
			plans.some((plan) => new RegExp(`Seq Scan on ${name}(_\\w+)? [^\\n]*actual rows=[1-9]\\d{2}`).test(plan))
		);
		if (whole.length > 0) scans.push(`${page}: ${whole.join(', ')}`);
	}
	await stop();
	await stage.superuser.unsafe(`alter database ${database?.name ?? ''} reset all`);
	process.stdout.write(
		scans.length === 0
			? `No page reads a whole table that grows (plans in ${PLANS}).\n`
			: `Whole tables are read by\n${scans.join('\n')}\n`
	);
}

/** The plans in a part of the server's log: an entry's further lines begin with a tab. */
function plansIn(log: string): string[] {
	return log
		.split(/\n(?=\d{4}-\d\d-\d\d )/)
		.filter((entry) => entry.includes(' plan:\n') && entry.includes('Query Text'))
		.map((entry) => entry.slice(entry.indexOf('duration:')).replaceAll('\n\t', '\n').trimEnd())
		.filter((plan) => !/Query Text: (begin|commit|set |select set_config)/i.test(plan));
}

function durationOf(plan: string): number {
	return Number(/^duration: ([\d.]+)/.exec(plan)?.[1] ?? 0);
}

/** Lines of a plan that say nothing of how much was read. */
const ASIDE = /^\s*(Index Searches|Storage|Sort Method|Full-sort Groups|Presorted Key|Window|Batches|Hits|Cache Key|Cache Mode|Run Condition|Output|Heap Fetches): /; // prettier-ignore
const MOST_CHARACTERS = 120;

/** A plan without what was estimated, its statement as one line. */
function compact(plan: string): string {
	return plan
		.replace(
			/Query Text:\s*([\s\S]*?)\n(?=Query Parameters: |\S[^\n]*\(cost=)/,
			(_, text: string) => `${text.replace(/\s+/g, ' ').slice(0, 4 * MOST_CHARACTERS)}\n`
		)
		.split('\n')
		.filter((line) => !ASIDE.test(line))
		.map((line, index) =>
			index < 2
				? line
				: line
						.replace(/ *\(cost=[^)]*\)/, '')
						.replace(/^ +/, (space) => ' '.repeat(Math.ceil(space.length / 3)))
						.slice(0, MOST_CHARACTERS)
		)
		.join('\n');
}
