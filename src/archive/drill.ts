/**
 * `npm run drill`: proves that the archive is a backup. It starts a PostgreSQL of its own in a temporary folder, fills it
 * with a simulated day through the committer, ships that to an archive in a folder, drops the database, makes it anew from
 * the archive alone, and compares every table by count and checksum. Touches nothing that was there before.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runHere } from '../lib/server/archive/backfill-runner';
import { FileStore } from '../lib/server/archive/files';
import { shipEverything } from '../lib/server/archive/shipper';
import { Committer } from '../lib/server/commit/committer';
import { recorder } from '../lib/server/commit/own-events';
import { connect, type Sql } from '../lib/server/db/connect';
import { startEmbedded } from '../lib/server/db/embedded';
import { migrate } from '../lib/server/db/migrate';
import { PRICE_SET } from '../lib/events/vocabulary';
import { parseBatch } from '../lib/server/ingest/parse';
import { writeHistory } from '../simulate/history';
import { untilInterrupted } from '../simulate/interrupt';
import { progressOn, type Output } from '../simulate/progress';
import { checksums, differences, type Checksums } from './checksums';

const USAGE = `Usage: npm run drill -- [--events 50000] [--seed drill]
`;
const DAY_MS = 24 * 3_600_000;
const OBJECT_BYTES = 512 * 1024;
const COMMIT_WITHIN_MS = 60_000;

interface Surroundings {
	/** What was found. */
	report: Output;
	/** How it goes meanwhile. */
	progress: Output;
}

/** Runs a drill; returns the exit code: 0 when what came back is identical. */
export async function drill(args: string[], { report, progress }: Surroundings): Promise<number> {
	const { values } = parseArgs({
		args,
		options: {
			events: { type: 'string', default: '50000' },
			seed: { type: 'string', default: 'drill' },
			help: { type: 'boolean', short: 'h' }
		}
	});
	const events = Number(values.events);
	if (values.help || !Number.isSafeInteger(events) || events < 1) {
		report.write(USAGE);
		return values.help ? 0 : 1;
	}
	const folder = await mkdtemp(join(tmpdir(), 'control-room-drill-'));
	try {
		return await untilInterrupted((signal) => run(folder, { events, seed: values.seed }, { report, progress }, signal));
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

async function run(
	folder: string,
	{ events, seed }: { events: number; seed: string },
	{ report, progress }: Surroundings,
	signal: AbortSignal
): Promise<number> {
	const embedded = await startEmbedded({ dataDir: join(folder, 'data'), exclusive: false, durable: false });
	try {
		const server = databases(embedded.superuserUrl, embedded.url);
		const store = new FileStore(join(folder, 'archive'));
		const history = { seed, shops: 12, events, spanMs: DAY_MS };
		const before = await server.withNew(async (sql, url) => {
			await writeHistory(history, { sql, url, sessionTimeoutMs: 600_000 }, progress, signal);
			await writeOddities(url);
			await shipEverything(
				{ sql, store, log: { warn: (line) => progress.write(`${line}\n`) } },
				OBJECT_BYTES,
				() => undefined
			);
			return checksums(sql);
		});
		signal.throwIfAborted();
		report.write(
			`A day of ${rowsOf(before, 'analytics_events')} events was written, shipped, and its database dropped.\n`
		);
		const begun = performance.now();
		const after = await server.withNew(async (sql, url) => {
			const bar = progressOn(progress);
			const wish = { from: 0, to: Date.now() + DAY_MS, prefix: '', dryRun: false };
			const log = { warn: (line: string) => progress.write(`\n${line}\n`), error: (line: string) => progress.write(`\n${line}\n`) }; // prettier-ignore
			const onProgress = (job: { objects: number; objectsTotal: number | null; events: number }) =>
				bar.at(job.objectsTotal ? job.objects / job.objectsTotal : 0, job.events);
			await runHere({ url, sql, store, log, onProgress }, wish, signal);
			bar.end();
			return checksums(sql);
		});
		signal.throwIfAborted();
		const seconds = (performance.now() - begun) / 1000;
		report.write(`It was brought back from the archive alone in ${seconds.toFixed(1)} s.\n\n`);
		const { lines, isIdentical } = differences(before, after);
		report.write(`${lines.join('\n')}\n\n${isIdentical ? 'Identical.' : 'NOT IDENTICAL.'}\n`);
		return isIdentical ? 0 : 1;
	} finally {
		await embedded.stop();
	}
}

/** Databases on the server, one after the other under one name. */
function databases(superuserUrl: string, url: string) {
	const named = (from: string, name: string) => Object.assign(new URL(from), { pathname: `/${name}` }).href;
	const own = named(url, 'drill');
	const superuser = async (statement: string): Promise<void> => {
		const sql = connect({ url: named(superuserUrl, 'postgres'), application: 'control-room drill', max: 1 });
		try {
			await sql.unsafe(statement);
		} finally {
			await sql.end({ timeout: 1 });
		}
	};
	return {
		/** Works in a new, migrated database, which is dropped afterwards. */
		async withNew(work: (sql: Sql, url: string) => Promise<Checksums>): Promise<Checksums> {
			await superuser(`create database drill owner ${new URL(url).username}`);
			const sql = connect({ url: own, application: 'control-room drill', max: 4 });
			try {
				await migrate(sql);
				return await work(sql, own);
			} finally {
				await sql.end({ timeout: 5 });
				await superuser('drop database drill with (force)');
			}
		}
	};
}

/** What the simulation has none of: odd texts, clocks and envelopes, and events of the server's own. */
async function writeOddities(url: string): Promise<void> {
	const log = { warn: () => undefined, error: () => undefined };
	const committer = new Committer({ url, lanes: 1, queue: { maxEvents: 1_000, maxSize: Infinity }, stallMs: COMMIT_WITHIN_MS, log }); // prettier-ignore
	const commit = committer.commit.bind(committer);
	const now = Date.now();
	const ahead = new Date(now + 3 * DAY_MS).toISOString();
	const batch = {
		sentAt: ahead,
		events: [
			{ type: 'session_started', sessionId: 'odd', shopDomain: '', timestamp: ahead, data: { productPrice: 1e21 } },
			{ type: 'ping', timestamp: 'never', data: { text: '\u0000\ud800 \u202e "\\', numbers: [1e-7, -0, 0.1, 1e300] } },
			{ type: 'ping', id: 'a', shop: 'b.example', data: [], more: { deeper: [null, true] }, __proto__x: 1 },
			{ type: 'error', session_id: 'odd', timestamp: now, data: { errorCode: 'E', errorMessage: 'broke\nat x' } }
		]
	};
	const text = JSON.stringify(batch);
	const parsed = parseBatch(JSON.parse(text), text, { userAgent: null, ip: '::1' }, now);
	if ('code' in parsed) throw new Error(parsed.message);
	const price = { provider: 'fal', model: '', operation: '', validFrom: '2026-01-01', priceUsd: '0.0300', by: 'drill' };
	const outcomes = [await commit(parsed.batch, now + COMMIT_WITHIN_MS), await recorder(commit)(PRICE_SET, price)];
	await committer.stop();
	for (const outcome of outcomes) if ('code' in outcome) throw new Error(outcome.message);
}

function rowsOf(tables: Checksums, table: string): string {
	return (tables.compared.get(table)?.rows ?? 0).toLocaleString('en-US');
}
