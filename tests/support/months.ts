/** For tests of months that leave the log: a log of four months on a fresh database, and an archive in a folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { runHere } from '../../src/lib/server/archive/backfill-runner';
import { startShipper } from '../../src/lib/server/archive/shipper';
import { openStore, type ObjectStore } from '../../src/lib/server/archive/store';
import { Committer } from '../../src/lib/server/commit/committer';
import { verify } from '../../src/lib/server/commit/rebuild';
import { batchOf, logRow, type CommitSource, type LogEvent } from '../../src/lib/server/commit/rows';
import { connect } from '../../src/lib/server/db/connect';
import { retain, type Looked } from '../../src/lib/server/months/retention';
import { projections } from '../../src/lib/server/projections/index';
import { testDatabase, type TestDatabase } from './database';
import { event } from './events';

export const DAY = 86_400_000;
export const JAN = Date.UTC(2026, 0, 9, 11);
export const NOW = Date.UTC(2026, 10, 22);
/** Keeps what is of March and later. */
const KEEP = 8;
const quiet = { warn: () => undefined, error: () => undefined };

/** Made anew for each test of the file. */
export function useLogOfMonths() {
	let database: TestDatabase;
	let writer: Committer;
	let folder: string;
	let store: ObjectStore;

	beforeEach(async () => {
		database = await testDatabase();
		writer = new Committer({ url: database.url, lanes: 2, queue: { maxEvents: 1e6, maxSize: 1e9 }, stallMs: 20_000, log: quiet }); // prettier-ignore
		folder = await mkdtemp(join(tmpdir(), 'control-room-months-'));
		store = await openStore({ kind: 'folder', folder });
	});
	afterEach(async () => {
		await writer.stop();
		await store.close();
		await database.drop();
		await rm(folder, { recursive: true });
	});

	async function commit(events: readonly LogEvent[], source: CommitSource = 'ingest'): Promise<number> {
		const outcome = await writer.commit(batchOf(source, events.map(logRow)), Date.now() + 20_000);
		if ('code' in outcome) throw new Error(outcome.message);
		return outcome.accepted;
	}

	/** A session of each month from January to April, and events at the turn of January. */
	async function fill(): Promise<void> {
		for (const month of [0, 1, 2, 3]) {
			const at = (minutes: number) => ({ sessionId: `s${month}`, clientTime: JAN + month * 30 * DAY + minutes * 60_000, serverTime: JAN + month * 30 * DAY + minutes * 60_000 }); // prettier-ignore
			await commit([
				event('session_started', { ...at(0), data: { productTitle: 'Chair' } }),
				event('ai_request', { ...at(1), data: { requestId: 'r', status: 'success', costUsd: 0.04 } }),
				event('error', { ...at(2), id: `own${month}`, shopDomain: null, data: { errorCode: 'E1' } }),
				event('session_ended', { ...at(3), data: { status: 'completed' } })
			]);
		}
		const edge = Date.UTC(2026, 1, 1);
		await commit([-60_000, -1, 0, 60_000].map((ms) => event('edge', { id: `edge${ms}`, sessionId: 'edge', clientTime: edge + ms, serverTime: edge + ms }))); // prettier-ignore
	}

	/** Ships everything that is committed. */
	async function ship(): Promise<void> {
		const shipper = startShipper({ url: database.url, store: await openStore({ kind: 'folder', folder }), grouping: { objectBytes: 1_500, maxAgeMs: 0 }, log: quiet }); // prettier-ignore
		try {
			await expect
				.poll(
					() => database.sql`
					select from commits left join archive_objects on archive_objects.id = archive_object
					where source <> 'backfill' and state is distinct from 'shipped'`,
					{ timeout: 60_000 }
				) // prettier-ignore
				.toHaveLength(0);
		} finally {
			await shipper.stop();
		}
	}

	/** As if months had come back so long before NOW. */
	const broughtBack = (days: number) =>
		database.sql`update log_months set restored_at = ${new Date(NOW - days * DAY)} where restored_at is not null`;

	const retention = (dryRun = false): Promise<Looked[] | 'busy'> =>
		retain(database.url, { keepMonths: KEEP, now: NOW, dryRun });

	async function bringBack(month: { archiveFrom: number; archiveTo: number }): Promise<void> {
		const wish = { from: month.archiveFrom, to: month.archiveTo, prefix: '', dryRun: false };
		expect(await runHere({ url: database.url, sql: database.sql, store, log: quiet }, wish, new AbortController().signal)).toBe('done'); // prettier-ignore
	}

	async function months(): Promise<Record<string, number>> {
		const rows = await database.sql<{ month: string; events: number }[]>`
			select tableoid::regclass::text as month, count(*)::int as events from analytics_events group by 1 order by 1`;
		return Object.fromEntries(rows.map(({ month, events }) => [month.slice(-7), events]));
	}

	/** Every row of every table that is counted, and of the log but for the numbers of its commits. */
	async function everything(): Promise<Record<string, unknown>> {
		const all: Record<string, unknown> = {};
		for (const { table, scratch } of [...projections, { table: 'analytics_events', scratch: ['commit_id'] }]) {
			all[table] = await database.sql.unsafe(`select to_jsonb(t) - $1::text[] as row from ${table} as t order by 1`, [scratch as string[]]); // prettier-ignore
		}
		return all;
	}

	async function expectVerified(): Promise<void> {
		const differences = await verify(database.sql);
		expect(differences.filter(({ onlyLive, onlyRebuilt }) => onlyLive + onlyRebuilt > 0)).toEqual([]);
	}

	return {
		/** Of the test that runs. */
		database: {
			get sql() {
				return database.sql;
			},
			get url() {
				return database.url;
			}
		},
		commit,
		fill,
		ship,
		broughtBack,
		retention,
		bringBack,
		months,
		everything,
		expectVerified
	};
}

/** Detaches a table of the log as far as it goes while somebody reads, and is cut off there. */
export async function halfDetach({ url, sql }: Pick<TestDatabase, 'url' | 'sql'>, table: string): Promise<void> {
	const reader = connect({ url, application: 'tests', max: 1 });
	await reader.unsafe('begin; select from analytics_events limit 1');
	const impatient = connect({ url, application: 'tests', max: 1, settings: { statement_timeout: 500 } });
	const detaching = impatient.unsafe(`alter table analytics_events detach partition ${table} concurrently`);
	await expect(detaching).rejects.toThrow('statement timeout');
	await Promise.all([reader.end(), impatient.end()]);
	expect(await sql`select from pg_inherits where inhdetachpending`).toHaveLength(1);
}
