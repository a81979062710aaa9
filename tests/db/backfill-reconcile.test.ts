/** Log and archive compared: what is missing, changed, twice or not shipped yet is told apart and named. */
import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createJob, takeUpJob } from '../../src/lib/server/archive/backfill-jobs';
import { runBackfill } from '../../src/lib/server/archive/backfill';
import { isAlike, reconcile, type Reconciliation } from '../../src/lib/server/archive/reconcile';
import { keepResult, keptResults } from '../../src/lib/server/archive/reconcile-daily';
import { shipEverything } from '../../src/lib/server/archive/shipper';
import { DamagedObject, type ObjectStore } from '../../src/lib/server/archive/store';
import fc from 'fast-check';
import { logRow } from '../../src/lib/server/commit/rows';
import { commitEvents } from '../support/commit';
import { folderArchive, parsedObject, sameStore, stateOf, writeOlder } from '../support/archive';
import { testDatabase, type TestDatabase } from '../support/database';
import { event, someEvents, T0 } from '../support/events';

const log = { warn: () => undefined, error: () => undefined };
const patience = { signal: new AbortController().signal, onFault: () => undefined };

let database: TestDatabase;
beforeEach(async () => {
	database = await testDatabase();
});
afterEach(() => database.drop());

const compared = (store: ObjectStore, from = T0, to = T0 + 7_200_000): Promise<Reconciliation> =>
	reconcile({ sql: database.sql, store, patience }, from, to);
const ship = (store: ObjectStore) => shipEverything({ sql: database.sql, store, log }, 2_000, () => undefined);

async function restore(store: ObjectStore): Promise<void> {
	const { sql, url } = database;
	const { id } = await createJob(sql, { from: 0, to: Date.now() + 86_400_000, prefix: '', dryRun: false });
	const job = await takeUpJob(sql, 'test', id);
	if (job) await runBackfill({ url, sql, store, log }, job, patience.signal);
}

it('what was shipped is what is in the log, and each difference is named', async () => {
	const store = await folderArchive();
	const events = Array.from({ length: 40 }, (_, n) => event('ping', { id: `e${n}`, ip: '::1', data: { n }, serverTime: T0 + n * 100_000 })); // prettier-ignore
	for (let at = 0; at < 40; at += 4) await commitEvents(database.sql, events.slice(at, at + 4));
	expect(await compared(store)).toMatchObject({ differences: 0, waiting: 40 });
	await ship(store);
	const alike = await compared(store);
	expect(alike).toMatchObject({ differences: 0, waiting: 0, repeated: 0, damaged: [] });
	expect(alike.hours.map(({ log: { events }, state }) => [events, state])).toEqual([
		[36, 'alike'],
		[4, 'alike']
	]);
	expect(alike.hours.map((hour) => hour.archive)).toEqual(alike.hours.map((hour) => hour.log));

	await database.sql`update analytics_events set data = '{"n": "other"}' where id = 'e3'`;
	await database.sql`delete from analytics_events where id = 'e7'`;
	await writeOlder(store, new Date(T0 + 3_000_000).toISOString(), [{ type: 'pong', id: 'old' }, { type: 'ping', shop: 'a.example', id: 'e2' }]); // prettier-ignore
	const { examples, differences, repeated } = await compared(store);
	expect(examples.map(({ what, shop, id }) => [what, shop, id])).toEqual([
		['another content', 'a.example', 'e3'],
		['not in the log', 'a.example', 'e7'],
		['not in the log', null, 'old']
	]);
	expect([differences, repeated]).toEqual([3, 1]);
});

it('a lost or damaged object shows as the events that it had', async () => {
	const store = await folderArchive();
	await commitEvents(database.sql, [event('ping', { id: 'x', ip: '::1' })]);
	await ship(store);
	const names: string[] = [];
	for await (const { name } of store.list({ prefix: '' })) names.push(name);
	await writeFile(join(store.folder, names[0] ?? ''), '{');
	const damaged = await compared(store);
	expect(damaged).toMatchObject({ differences: 1, damaged: [{ name: names[0] }] });
	await unlink(join(store.folder, names[0] ?? ''));
	const lost = await compared(store);
	expect(lost.examples).toEqual([{ what: 'not in the archive', shop: 'a.example', id: 'x', serverTime: T0 }]);
	expect(isAlike(lost)).toBe(false);
	await keepResult(database.sql, damaged);
	await keepResult(database.sql, lost);
	expect(await keptResults(database.sql, 5)).toEqual([lost]);
});

it('an object of another time that cannot be read leaves its events without a copy, and the comparison goes on', async () => {
	const folder = await folderArchive();
	const late = event('ping', { id: 'replayed', ip: '::1', serverTime: T0 - 40 * 86_400_000 });
	await commitEvents(database.sql, [late, event('ping', { id: 'now', ip: '::1', serverTime: T0 + 1 })]);
	await ship(folder);
	const store = sameStore(folder);
	let asked = 0;
	store.read = (name) => {
		if (asked++ === 0) return Promise.reject(new Error('away'));
		return Promise.reject(new DamagedObject(name, 'its checksum differs'));
	};
	expect(await compared(store)).toMatchObject({
		differences: 1,
		examples: [{ what: 'not in the archive', id: 'now' }]
	});
});

it('an event that was received long before it was committed is found in its object', async () => {
	const store = await folderArchive();
	const late = event('ping', { id: 'replayed', ip: '::1', serverTime: T0 - 40 * 86_400_000 });
	await commitEvents(database.sql, [late, event('ping', { id: 'now', ip: '::1', serverTime: T0 + 1 })]);
	await ship(store);
	expect(await compared(store)).toMatchObject({ differences: 0, waiting: 0 });
});

it('any events come back from what is shipped of them as the same rows and the same folds', async () => {
	await fc.assert(
		fc.asyncProperty(
			someEvents(1, 40),
			fc.array(fc.jsonValue(), { minLength: 3, maxLength: 3 }),
			async (events, odd) => {
				await database.drop();
				database = await testDatabase();
				const store = await folderArchive();
				const shifted = events.map((one, at) => ({
					...one,
					ip: one.type === 'session_timed_out' || one.type.includes('group') ? null : '::1',
					clockShiftMs: at % 3 === 0 ? -4_000 : 0,
					extra: at % 4 === 0 ? { odd: odd[0], ['__proto__ ']: odd[1] } : null,
					userAgent: at % 2 === 0 ? 'ünï "code" \\ \u2028' : null
				}));
				const half = Math.ceil(shifted.length / 2);
				await commitEvents(database.sql, shifted.slice(0, half));
				await commitEvents(database.sql, shifted.slice(half));
				await ship(store);
				const rows: string[] = [];
				for await (const { name } of store.list({ prefix: '' })) {
					const read = await store.read(name);
					const content = parsedObject(read?.body ?? new Uint8Array(), Date.now());
					if ('damage' in content) throw new Error(content.damage);
					expect(content.rejected).toEqual([]);
					rows.push(...content.events.map(({ row }) => row.json));
				}
				expect(rows.sort()).toEqual(shifted.map((one) => logRow(one).json).sort());
				const before = await stateOf(database.sql);
				await database.drop();
				database = await testDatabase();
				await restore(store);
				expect(await stateOf(database.sql)).toEqual(before);
			}
		),
		{ numRuns: 12 }
	);
});
