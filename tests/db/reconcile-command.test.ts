/** `npm run cli -- reconcile` as an operator reads it: its exit code, its lines, and its JSON. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { reconcileCommand } from '../../src/archive/reconcile';
import { keptResults } from '../../src/lib/server/archive/reconcile-daily';
import type { Reconciliation } from '../../src/lib/server/archive/reconcile';
import { shipEverything } from '../../src/lib/server/archive/shipper';
import { retain } from '../../src/lib/server/months/retention';
import { folderArchive } from '../support/archive';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event, T0 } from '../support/events';

const DAY = new Date(T0).toISOString().slice(0, 10);
const log = { warn: () => undefined };

let database: TestDatabase;
let archive: Awaited<ReturnType<typeof folderArchive>>;
beforeEach(async () => {
	database = await testDatabase();
	archive = await folderArchive();
	const events = ['a', 'b'].map((id, n) => event('ping', { id, ip: '::1', serverTime: T0 + n * 3_600_000 }));
	await commitEvents(database.sql, events);
	await shipEverything({ sql: database.sql, store: archive, log }, 1_000_000, () => undefined);
});
afterEach(() => database.drop());

async function run(...args: string[]): Promise<{ code: number; report: string; progress: string }> {
	const said = { report: '', progress: '' };
	const { sql, url } = database;
	const code = await reconcileCommand(args, {
		report: { write: (text) => (said.report += text) },
		progress: { write: (text) => (said.progress += text) },
		withArchive: (work) => work(sql, url, archive)
	});
	return { code, ...said };
}

it('exits with 0 where log and archive have the same events, and shows each hour', async () => {
	const { code, report } = await run('--from', DAY, '--to', DAY);
	expect(code).toBe(0);
	expect(report).toMatch(/^alike {4}2026-01-09T11h {2}log 1 \(\d+\), archive 1 \(\d+\)\nalike {4}2026-01-09T12h/);
	expect(report).toMatch(/Log and archive have the same events\.\n$/);
});

it('exits with 1 where they differ, and names the events', async () => {
	await database.sql`delete from analytics_events where id = 'b'`;
	const { code, report } = await run('--from', DAY, '--to', DAY);
	expect(code).toBe(1);
	expect(report).toContain('DIFFERS  2026-01-09T12h');
	expect(report).toContain('  not in the log: event "b" of "a.example", 2026-01-09T12:00:00.000Z');
	expect(report).toMatch(/Log and archive differ: 1 event, 0 damaged objects\.\n$/);
});

it('gives the whole result as JSON, the same that is kept', async () => {
	const { code, report } = await run('--from', DAY, '--to', DAY, '--json');
	expect(code).toBe(0);
	const result = JSON.parse(report) as Reconciliation;
	expect(result.hours.map(({ at, state }) => [at, state])).toEqual([
		[T0, 'alike'],
		[T0 + 3_600_000, 'alike']
	]);
	expect(await keptResults(database.sql, 5)).toEqual([result]);
});

it('says of a month that has left the log that it has, where it was asked about, and that is no difference', async () => {
	expect(await retain(database.url, { keepMonths: 1, now: Date.now(), dryRun: false })).toMatchObject([
		{ month: '2026-01', keptBecause: null }
	]);
	const { code, report } = await run('--from', DAY, '--to', DAY);
	expect(code).toBe(0);
	expect(report).toContain('dropped  2026-01-09T11h  log 0 (0), archive 1');
	expect(report).toContain('2026-01 is not in the log any more.\n');
	expect((await run('--from', '2026-02-01', '--to', '2026-02-28')).report).toBe(
		'Log and archive have the same events.\n'
	);
});

it('asks for a range that it can read', async () => {
	const { code, report, progress } = await run('--from', 'yesterday', '--to', DAY);
	expect([code, report]).toEqual([1, '']);
	expect(progress).toContain('from must be a time');
});
