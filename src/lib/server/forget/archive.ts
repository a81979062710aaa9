/**
 * Takes what is to be forgotten out of the archive. First every object is looked at, because those of earlier versions
 * are in no ledger, and what holds something is noted. When the log is clean, the noted ones are rewritten over exactly
 * the bytes that were read, together with those that were on their way to the archive meanwhile.
 *
 * What is on its way: an object is made from the log and written later. One that was made before the log was clean is
 * waited for; one that is made later holds nothing any more. The ledger follows each rewritten object, so that an
 * attempt to ship it again knows its own bytes.
 */
import { hash } from 'node:crypto';
import { setImmediate as otherWork, setTimeout as sleep } from 'node:timers/promises';
import { EVENTS_PREFIX, listObjects, type Patience } from '../archive/backfill-reading';
import { parseObject } from '../archive/parse';
import { inSteps } from '../archive/steps';
import { DamagedObject, type ObjectStore, type StoredObject } from '../archive/store';
import type { Sql } from '../db/connect';
import type { Matcher } from './matching';
import { forgottenRows, holdsForgotten, withoutForgotten } from './objects';

/** Objects that are read at once. */
const READ_AT_ONCE = 8;
/** Objects between two notes of how far it is. */
const NOTE_EVERY = 500;
const POLL_MS = 250;

export interface Looked {
	/** Up to which name all was looked at. */
	until: string;
	objects: number;
	/** Names of those that hold something of it. */
	found: string[];
	/** Names of those that could not be read. */
	unreadable: string[];
	/** What is to be forgotten of months that have left the log, each as the log's JSON. */
	archived: string[];
}

/** Looks at all objects behind a name, in order; yields what it found every so often. */
export async function* lookThrough(
	store: ObjectStore,
	matcher: Matcher,
	/** Months that have left the log, such as 2026-01. */
	months: ReadonlySet<string>,
	after: string,
	patience: Patience
): AsyncGenerator<Looked> {
	let looked: Looked = { until: after, objects: 0, found: [], unreadable: [], archived: [] };
	const look = async (name: string, read: Promise<StoredObject | null>): Promise<void> => {
		try {
			const object = await read;
			if (object === null || !(await inSteps(holdsForgotten(object.body, matcher)))) return;
			looked.found.push(name);
			if (months.size === 0) return;
			for (const { row, serverTime } of await inSteps(forgottenRows(object.body, matcher))) {
				if (months.has(new Date(serverTime).toISOString().slice(0, 7))) looked.archived.push(row.json);
			}
		} catch (error) {
			if (!(error instanceof DamagedObject)) throw error;
			looked.unreadable.push(name);
		}
	};
	let names: string[] = [];
	const lookAtAll = async (): Promise<void> => {
		const reads = names.map((name) => ({ name, read: store.read(name) }));
		// Each is awaited in its turn; until then its failure is nobody's.
		for (const { read } of reads) read.catch(() => undefined);
		for (const { name, read } of reads) {
			await look(name, read);
			// A large object takes a while: requests come first.
			await otherWork();
		}
		looked.objects += names.length;
		looked.until = names.at(-1) ?? looked.until;
		names = [];
	};
	for await (const { name } of listObjects(store, { prefix: EVENTS_PREFIX }, after, patience)) {
		names.push(name);
		if (names.length < READ_AT_ONCE) continue;
		await lookAtAll();
		if (looked.objects < NOTE_EVERY) continue;
		yield looked;
		looked = { until: looked.until, objects: 0, found: [], unreadable: [], archived: [] };
	}
	await lookAtAll();
	yield looked;
}

export type Cleaned = 'rewritten' | 'removed' | 'untouched';

/** Takes it out of one object. Doing it again changes nothing. */
export async function clean(
	sql: Sql,
	store: ObjectStore,
	name: string,
	matcher: Matcher
): Promise<{ cleaned: Cleaned; events: number }> {
	for (;;) {
		const object = await store.read(name);
		if (object === null) {
			await noteGone(sql, name);
			return { cleaned: 'untouched', events: 0 };
		}
		const remainder = await inSteps(withoutForgotten(object.body, matcher));
		if (remainder.kind === 'untouched') {
			await noteBytes(sql, name, object.body);
			return { cleaned: 'untouched', events: 0 };
		}
		if (remainder.kind === 'nothing') {
			if ((await store.remove(name, object.generation)) === 'changed') continue;
			await noteGone(sql, name);
			return { cleaned: 'removed', events: remainder.removed };
		}
		if ((await store.replace(name, remainder.body, object.generation)) === 'changed') continue;
		await noteBytes(sql, name, remainder.body);
		return { cleaned: 'rewritten', events: remainder.removed };
	}
}

/**
 * The names of what came into the archive since then, when nothing is on its way any more that was made before now. Who
 * lets their time pass loses the object: a process that sleeps may have read it before the log was clean.
 */
export async function arrivals(sql: Sql, since: Date, patience: Patience): Promise<string[]> {
	const waiting = await sql<{ claim: string }[]>`
		select claim from archive_objects where state = 'waiting' and claim is not null`;
	const claims = waiting.map(({ claim }) => claim);
	for (;;) {
		patience.signal.throwIfAborted();
		const [row] = await sql`
			select from archive_objects
			where claim = any(${claims}::uuid[]) and state = 'waiting' and claimed_until > clock_timestamp()
			limit 1`;
		if (!row) break;
		await sleep(POLL_MS, undefined, { signal: patience.signal });
	}
	await sql`update archive_objects set claim = null where claim = any(${claims}::uuid[]) and state = 'waiting'`;
	const rows = await sql<{ name: string }[]>`
		select name from archive_objects
		where name is not null and (state = 'waiting' or shipped_at >= ${since})
		order by name`;
	return rows.map(({ name }) => name);
}

/** The ledger says what lies there now. */
async function noteBytes(sql: Sql, name: string, body: Uint8Array): Promise<void> {
	const sha256 = hash('sha256', body);
	const [stale] = await sql`select from archive_objects where name = ${name} and sha256 is distinct from ${sha256}`;
	if (!stale) return;
	const object = await inSteps(parseObject(body, Infinity));
	const events = 'damage' in object ? 0 : object.events.length;
	await sql`
		update archive_objects set sha256 = ${sha256}, bytes = ${body.length}, events = ${events} where name = ${name}`;
}

/** One that is on its way keeps its name: by that, who ships it knows what an earlier attempt has written. */
async function noteGone(sql: Sql, name: string): Promise<void> {
	await sql`
		update archive_objects set name = null, sha256 = null, bytes = 0, events = 0
		where name = ${name} and state = 'shipped'`;
}
