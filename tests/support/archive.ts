/** Archives for tests: a folder of objects as older versions left them, and the state of a database that came from one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { nameAt } from '../../src/lib/server/archive/backfill-reading';
import { FileStore } from '../../src/lib/server/archive/files';
import { parseObject, type Damage, type ParsedObject } from '../../src/lib/server/archive/parse';
import type { Steps } from '../../src/lib/server/archive/steps';
import type { ObjectStore } from '../../src/lib/server/archive/store';
import type { Sql } from '../../src/lib/server/db/connect';
import { projections } from '../../src/lib/server/projections/index';

export const ADDRESS = '203.0.113.9';

/** An archive in a folder that is gone after the test. */
export async function folderArchive(): Promise<FileStore & { folder: string }> {
	const folder = await mkdtemp(join(tmpdir(), 'archive-'));
	onTestFinished(() => rm(folder, { recursive: true, force: true }));
	return Object.assign(new FileStore(folder), { folder });
}

/** Writes an object as older versions did: a batch as a client sent it. Returns its name. */
export async function writeOlder(store: ObjectStore, time: string, events: unknown[]): Promise<string> {
	const request = { origin: 'https://a.example', userAgent: 'Mozilla/5.0', ip: ADDRESS };
	return writeObject(store, time, JSON.stringify({ serverTimestamp: time, request, events }, null, 2));
}

/** Writes any bytes as an object of this time. */
export async function writeObject(store: ObjectStore, time: string, text: string): Promise<string> {
	const name = `${nameAt(Date.parse(time))}_${hash('sha256', time + text).slice(0, 16)}.json`;
	await store.create(name, Buffer.from(text));
	return name;
}

/** What an object says, read in one go. */
export function parsedObject(body: Uint8Array, now: number): ParsedObject | Damage {
	return atOnce(parseObject(body, now));
}

/** The outcome of work that is done in steps. */
export function atOnce<T>(steps: Steps<T>): T {
	for (;;) {
		const step = steps.next();
		if (step.done) return step.value;
	}
}

/** The same store, of which a test can replace a method. */
export function sameStore(store: ObjectStore): ObjectStore {
	return {
		url: store.url,
		create: (name, body) => store.create(name, body),
		replace: (name, body, generation) => store.replace(name, body, generation),
		read: (name) => store.read(name),
		remove: (name, generation) => store.remove(name, generation),
		list: (range) => store.list(range),
		close: () => store.close()
	};
}

/** All that follows from the archive: the log but for the numbers of its commits, and every fold of it. */
export async function stateOf(sql: Sql): Promise<Record<string, string[]>> {
	const state: Record<string, string[]> = {};
	const read = async (table: string, dropped: readonly string[], empty = 'false'): Promise<void> => {
		const rows = await sql.unsafe<{ row: string }[]>(
			`select (to_jsonb(t) - $1::text[])::text as row from ${table} as t where not (${empty}) order by (to_jsonb(t) - $1::text[])::text collate "C"`,
			[[...dropped]]
		);
		state[table] = rows.map(({ row }) => row);
	};
	await read('analytics_events', ['commit_id']);
	for (const { table, scratch, empty } of projections) await read(table, scratch, empty);
	await read('rejected_events', []);
	return state;
}
