/**
 * How long the server takes for each page, with a short history and with a long one over the same 90 days: a page must
 * not read more because more has happened. Both databases are served at the same time by processes of their own and
 * asked in turns, so that whatever else the machine does meets both alike.
 *
 * Afterwards the long history's server explains every statement of every page (auto_explain with analyze and buffers):
 * kept in tests/bench/plans, and searched for scans of whole tables.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { writeHistory } from '../../src/simulate/history';
import type { Sql } from '../../src/lib/server/db/connect';
import { machine, median, quantile, table } from './figures';
import { openStage, type Contender } from './stage';

const SHOPS = 30;
const DAYS = 90;
const SMALL = 50_000;
const PLANS = 'tests/bench/plans';
/** Tables of which no page may read the whole. */
const GROWING = ['analytics_events', 'sessions', 'session_steps', 'error_events', 'ai_requests', 'event_tallies', 'session_tallies']; // prettier-ignore

interface Options {
	/** Of the long history. */
	events: number;
	/** Requests for each page and history. */
	requests: number;
}

/** Prints a table of the pages, and writes the plans. */
export async function benchPages({ events, requests }: Options): Promise<void> {
	const stage = await openStage();
	try {
		const sizes = { small: SMALL, large: events };
		const served: Record<string, { contender: Contender; sql: Sql; url: string }> = {};
		for (const [name, size] of Object.entries(sizes)) {
			const { url, sql } = await stage.database(name);
			await fill(url, sql, size);
			served[name] = { contender: await stage.product(url), sql, url };
		}
		const { small, large } = served;
		if (!small || !large) throw new Error('there are two histories');
		const names = new Map([
			[small, await namesIn(small.sql)],
			[large, await namesIn(large.sql)]
		]);
		const rows: string[][] = [];
		for (const page of PAGES) {
			const times = new Map([small, large].map((one) => [one, [] as number[]]));
			for (let turn = -2; turn < requests; turn++) {
				for (const one of [small, large]) {
					const took = await ask(one.contender.address + addressOf(page, names.get(one)));
					// The first two fill caches: of statements, of pages of the database, of compiled code.
					if (turn >= 0) times.get(one)?.push(took);
				}
			}
			const of = (one: typeof small, part: number) => quantile(times.get(one) ?? [], part);
			const ratio = of(large, 0.95) / of(small, 0.95);
			rows.push([page, ...[small, large].flatMap((one) => [of(one, 0.5).toFixed(1), of(one, 0.95).toFixed(1)]), ratio.toFixed(2)]); // prettier-ignore
		}
		const counts = await Promise.all([small, large].map(({ sql }) => countsIn(sql)));
		process.stdout.write(
			`${machine()}\n${counts.join('\n')}\n${requests} requests for each page, one after the other; milliseconds until the last byte.\n\n` +
				`${table(['Page', 'short p50', 'short p95', 'long p50', 'long p95', 'p95 long ÷ short'], rows)}\n\n` +
				`Median of the ratios: ${median(rows.map((row) => Number(row.at(-1)))).toFixed(2)}\n`
		);
		await small.contender.stop();
		await large.contender.stop();
		await explain(stage, large, names.get(large));
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

export interface Names {
	session: string;
	group: string;
	shop: string;
}

function addressOf(page: string, names: Names | undefined): string {
	return page.replace(/\{(session|group|shop)\}/g, (_, name: keyof Names) => encodeURIComponent(names?.[name] ?? ''));
}

/** Every page as it is listed, with its address. */
export function pageAddresses(names: Names): [string, string][] {
	return PAGES.map((page) => [page, addressOf(page, names)]);
}

async function fill(url: string, sql: Sql, events: number): Promise<void> {
	const begun = performance.now();
	const options = { seed: 'pages', shops: SHOPS, events, spanMs: DAYS * 86_400_000 };
	const output = { write: (text: string) => void process.stderr.write(text), isTTY: false };
	await writeHistory(options, { sql, url, sessionTimeoutMs: 600_000 }, output, new AbortController().signal);
	const seconds = (performance.now() - begun) / 1000;
	process.stderr.write(`${events} events in ${seconds.toFixed(0)} s: ${(events / seconds).toFixed(0)} events/s\n`);
	await sql.unsafe('vacuum analyze');
}

/** Ones that exist, with much behind them. */
export async function namesIn(sql: Sql): Promise<Names> {
	const [row] = await sql<Names[]>`
		select
			(select session_id from sessions where status = 'completed' order by started_at desc limit 1) as session,
			(select group_key from error_groups order by error_count desc limit 1) as group,
			(select domain from shops order by total_sessions desc limit 1) as shop`;
	if (!row) throw new Error('the history is empty');
	return row;
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
	{ sql, url }: { sql: Sql; url: string },
	names: Names | undefined
): Promise<void> {
	const [database] = await sql<{ name: string }[]>`select current_database() as name`;
	for (const setting of [
		`session_preload_libraries = 'auto_explain'`,
		'auto_explain.log_min_duration = 0',
		'auto_explain.log_analyze = on',
		'auto_explain.log_buffers = on',
		'auto_explain.log_parameter_max_length = 200'
	]) {
		await stage.superuser.unsafe(`alter database ${database?.name ?? ''} set ${setting}`);
	}
	const { address, stop } = await stage.product(url);
	mkdirSync(PLANS, { recursive: true });
	const scans: string[] = [];
	for (const page of PAGES) {
		const from = readFileSync(stage.logFile).length;
		await ask(address + addressOf(page, names));
		const plans = plansIn(readFileSync(stage.logFile).subarray(from).toString('utf8'));
		const file = path.join(
			PLANS,
			`${page.replace(/[{}]/g, '').replace(/\W+/g, '-').replace(/^-|-$/g, '') || 'wall'}.txt`
		);
		writeFileSync(file, `${page}\n\n${plans.join('\n\n')}\n`);
		const whole = GROWING.filter((name) => plans.some((plan) => new RegExp(`Seq Scan on ${name}\\b`).test(plan)));
		if (whole.length > 0) scans.push(`${page}: ${whole.join(', ')}`);
	}
	await stop();
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
