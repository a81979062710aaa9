/** Once a day and on one node the day before is compared with the archive, and what differs is named by id. */
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compareYesterday, keptResults } from '../../src/lib/server/archive/reconcile-daily';
import { logRows } from '../../src/lib/server/archive/reconcile-log';
import { shipEverything } from '../../src/lib/server/archive/shipper';
import { sameStore, folderArchive, writeOlder } from '../support/archive';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event } from '../support/events';

const DAY = 86_400_000;
const YESTERDAY = Date.UTC(2026, 0, 9);

const NEVER = new AbortController().signal;
const log = { warn: (line: string) => void warned.push(line) };

let database: TestDatabase;
let warned: string[];
beforeEach(async () => {
	database = await testDatabase();
	warned = [];
});
afterEach(() => database.drop());

/** A log and an archive of a day that differ in an event each. */
async function differing() {
	const store = await folderArchive();
	const at = (hour: number) => ({ ip: '::1', serverTime: YESTERDAY + hour * 3_600_000 });
	await commitEvents(database.sql, [event('ping', { id: 'lost', ...at(3) })]);
	await shipEverything({ sql: database.sql, store, log: { warn: () => undefined } }, 1, () => undefined);
	for await (const { name } of store.list({ prefix: '' })) await unlink(join(store.folder, name));
	await commitEvents(database.sql, [event('ping', { id: 'both', ...at(5) })]);
	await shipEverything({ sql: database.sql, store, log: { warn: () => undefined } }, 1, () => undefined);
	await writeOlder(store, new Date(YESTERDAY + 7 * 3_600_000).toISOString(), [{ type: 'ping', shop: 'a.example', id: 'strange' }]); // prettier-ignore
	return store;
}

it('names what differs, once however many nodes look, and says so in the log', async () => {
	const folder = await differing();
	const store = sameStore(folder);
	let listed = 0;
	store.list = (range) => {
		listed++;
		return folder.list(range);
	};
	const look = () => compareYesterday({ url: database.url, store, log }, YESTERDAY + DAY + 3_600_000, NEVER);
	await Promise.all([look(), look(), look()]);
	expect(await keptResults(database.sql, 5)).toHaveLength(1);
	const [result] = await keptResults(database.sql, 5);
	expect(result).toMatchObject({ from: YESTERDAY, to: YESTERDAY + DAY, differences: 2 });
	expect(result?.examples.map(({ what, shop, id }) => [what, shop, id])).toEqual([
		['not in the archive', 'a.example', 'lost'],
		['not in the log', 'a.example', 'strange']
	]);
	expect(warned).toEqual(['log and archive differ: 2 events of yesterday, 0 damaged objects; see the page /backfill']);

	const before = listed;
	await look();
	expect(listed, 'what was compared is not compared again').toBe(before);
});

it('waits until what came last is settled', async () => {
	const store = await differing();
	await compareYesterday({ url: database.url, store, log }, YESTERDAY + DAY + 60_000, NEVER);
	expect(await keptResults(database.sql, 5)).toEqual([]);
	expect(warned).toEqual([]);
});

it('reads each event of a stretch once, however many have the same time, and holds no month meanwhile', async () => {
	const events = Array.from({ length: 4_500 }, (_, n) => event('ping', { id: `e${n}`, serverTime: YESTERDAY + Math.floor(n / 700) })); // prettier-ignore
	await commitEvents(database.sql, [...events, event('ping', { id: 'later', serverTime: YESTERDAY + 1_000 })]);
	const read: string[] = [];
	for await (const { key } of logRows(database.sql, YESTERDAY, YESTERDAY + 1_000)) {
		read.push(key);
		if (read.length % 1_000 !== 1) continue;
		// Whoever has it open keeps a month from leaving.
		const open = await database.sql`
			select from pg_locks
			where relation = 'analytics_events'::regclass
				and database = (select oid from pg_database where datname = current_database())`;
		expect(open).toHaveLength(0);
	}
	expect(read).toHaveLength(4_500);
	expect(new Set(read).size).toBe(4_500);
});
