/**
 * Events per second that come back from an archive in a folder, beside what ingest takes over HTTP before and after it on
 * the same server; and the memory of the process that restores, which must stay flat however many events there are.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { runHere } from '../../src/lib/server/archive/backfill-runner';
import { openStore } from '../../src/lib/server/archive/store';
import { shipEverything } from '../../src/lib/server/archive/shipper';
import { connect, type Sql } from '../../src/lib/server/db/connect';
import { writeHistory } from '../../src/simulate/history';
import { machine, table } from './figures';
import { load } from './ingest';
import { openStage } from './stage';

const OBJECT_BYTES = 4 * 1024 * 1024;
const DAY_MS = 24 * 3_600_000;
const SAMPLE_MS = 1_000;
const WARM_UP_S = 3;
const log = { warn: (line: string) => process.stderr.write(`${line}\n`), error: (line: string) => process.stderr.write(`${line}\n`) }; // prettier-ignore
const never = new AbortController().signal;

/** What the restoring process says at its end. */
interface Restored {
	events: number;
	seconds: number;
	/** Once a second. */
	samples: Sample[];
}

/** What a process had in memory when it had restored so many events. */
interface Sample {
	events: number;
	/** Bytes: resident, and of JavaScript objects, with what is garbage unless it is collected before each sample. */
	resident: number;
	heap: number;
}

export async function benchBackfill({ events, seconds }: { events: number; seconds: number }): Promise<void> {
	const stage = await openStage();
	const folder = await mkdtemp(path.join(os.tmpdir(), 'control-room-bench-archive-'));
	try {
		const live = await stage.database('live');
		/** Each time by a process that has just started. */
		const ingest = async (): Promise<number> => {
			const product = await stage.product(live.url);
			await load(product.address, 100, 32, WARM_UP_S);
			const { eventsPerSecond, failed } = await load(product.address, 100, 32, seconds);
			await product.stop();
			if (failed > 0) throw new Error(`${failed} requests failed`);
			tell(`ingest: ${Math.round(eventsPerSecond)} events/s`);
			return eventsPerSecond;
		};

		const source = await stage.database('source');
		const history = { seed: 'bench', shops: 30, events, spanMs: 30 * DAY_MS };
		await writeHistory(history, { ...source, sessionTimeoutMs: 600_000 }, process.stderr, never);
		const store = await openStore({ kind: 'folder', folder });
		await shipEverything({ sql: source.sql, store, log }, OBJECT_BYTES, () => undefined);
		tell('shipped');
		const before = await ingest();
		const target = await stage.database('target');
		const restored = await inProcessOfItsOwn(target.url, folder);
		tell(`restored in ${restored.seconds.toFixed(0)} s`);
		const after = await ingest();
		const again = await inProcessOfItsOwn(target.url, folder);
		const other = await stage.database('collected');
		const collected = await inProcessOfItsOwn(other.url, folder, true);
		const check = await compared(source.sql, target.sql);
		process.stdout.write(`${report({ events, seconds }, [before, after], restored, again, collected)}\n\n${check}\n`);
	} finally {
		await stage.close();
		await rm(folder, { recursive: true, force: true });
	}
}

function tell(line: string): void {
	process.stderr.write(`${line}, load average ${os.loadavg()[0]?.toFixed(1)}\n`);
}

/** What came back is what was there: a figure for a restore that lost something would be worth nothing. */
async function compared(source: Sql, target: Sql): Promise<string> {
	const sum = async (sql: Sql) => {
		const [row] = await sql<{ events: string; checksum: string; sessions: string }[]>`
			select
				(select count(*) from analytics_events) as events,
				(select sum(event_checksum(id, shop_domain)) from analytics_events) as checksum,
				(select count(*) from sessions) as sessions`;
		return JSON.stringify(row);
	};
	const [one, other] = [await sum(source), await sum(target)];
	if (one !== other) throw new Error(`written ${one}, restored ${other}`);
	return `Restored as it was written: ${one}.`;
}

/** @param collects garbage before each sample, which takes time */
async function inProcessOfItsOwn(url: string, folder: string, collects = false): Promise<Restored> {
	const options = collects ? ['--expose-gc'] : [];
	const args = [...options, '--enable-source-maps', process.argv[1] ?? '', 'restore', url, folder];
	const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
	let said = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
	await new Promise<void>((resolve) => child.once('close', () => resolve()));
	return JSON.parse(said) as Restored;
}

/** The role of the process that restores. */
export async function runRestore(url: string, folder: string): Promise<void> {
	const sql = connect({ url, application: 'bench', max: 2 });
	const samples: Sample[] = [];
	let events = 0;
	const sample = setInterval(() => {
		globalThis.gc?.();
		const { rss, heapUsed } = process.memoryUsage();
		samples.push({ events, resident: rss, heap: heapUsed });
	}, SAMPLE_MS);
	const begun = performance.now();
	const onProgress = (job: { events: number }) => (events = job.events);
	const wish = { from: Date.now() - 40 * DAY_MS, to: Date.now() + DAY_MS, prefix: '', dryRun: false };
	await runHere({ url, sql, store: await openStore({ kind: 'folder', folder }), log, onProgress }, wish, never);
	const seconds = (performance.now() - begun) / 1000;
	clearInterval(sample);
	await sql.end({ timeout: 1 });
	process.stdout.write(JSON.stringify({ events, seconds, samples } satisfies Restored));
}

function report(
	options: { events: number; seconds: number },
	ingest: readonly number[],
	restored: Restored,
	again: Restored,
	collected: Restored
): string {
	const rate = ({ events, seconds }: Restored) => events / seconds;
	const share = (of: Restored) => `${((rate(of) / Math.max(...ingest)) * 100).toFixed(0)} %`;
	const row = (name: string, run: Restored) => [name, number(run.events), number(run.seconds), number(rate(run)), share(run)]; // prettier-ignore
	return [
		`npm run bench -- backfill --events ${options.events} --seconds ${options.seconds}`,
		machine(),
		`Ingest over HTTP, 100 events a request, 32 connections, before and after: ${ingest.map(number).join(' and ')} events/s.`,
		'',
		table(
			['backfill', 'events', 's', 'events/s', 'of the larger ingest'],
			[row('into an empty database', restored), row('once more: all known', again)]
		),
		'',
		'Memory of the process that restores into an empty database, by what it had restored (smallest to largest, MiB).',
		'Without garbage: of a second run, in which it is collected before each sample.',
		'',
		table(
			['events', 'resident', 'JavaScript heap', 'without garbage: resident', 'JavaScript heap'],
			memoryByTenths(restored).map((cells, tenth) => [...cells, ...(memoryByTenths(collected)[tenth] ?? []).slice(1)])
		),
		'',
		`A straight line through the samples without garbage, but for the first and the last tenth: resident ${growth(collected, 'resident')}, heap ${growth(collected, 'heap')} a million events.`
	].join('\n');
}

function memoryByTenths({ events, samples }: Restored): string[][] {
	const tenth = events / 10;
	return Array.from({ length: 10 }, (_, part) => {
		const of = samples.filter((one) => Math.min(9, Math.floor(one.events / tenth)) === part);
		const span = (what: 'resident' | 'heap') => {
			const values = of.map((one) => one[what]);
			return of.length === 0 ? 'no sample' : `${mebibytes(Math.min(...values))} to ${mebibytes(Math.max(...values))}`;
		};
		return [`${number(part * tenth)} to ${number((part + 1) * tenth)}`, span('resident'), span('heap')];
	});
}

/** By least squares. */
function growth({ events, samples }: Restored, what: 'resident' | 'heap'): string {
	const settled = samples.filter((one) => one.events >= events / 10 && one.events < 0.9 * events);
	const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
	const x = mean(settled.map((one) => one.events));
	const y = mean(settled.map((one) => one[what]));
	const slope =
		mean(settled.map((one) => (one.events - x) * (one[what] - y))) / mean(settled.map((one) => (one.events - x) ** 2));
	return `${slope < 0 ? '−' : '+'}${mebibytes(Math.abs(slope) * 1e6)} MiB`;
}

function number(value: number): string {
	return value.toLocaleString('en', { maximumFractionDigits: 0 });
}

function mebibytes(bytes: number): string {
	return number(bytes / 2 ** 20);
}
