/**
 * The objects of a backfill in the order of their names: listed, read several at once, and handed over one after the
 * other. However many there are and however large, a bounded number of bytes is in memory. A store that is away is asked
 * again until it answers; an object that cannot be read is a value with its reason.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from '../commit/faults';
import { parseObject, type Damage, type ParsedObject } from './parse';
import { inSteps } from './steps';
import { DamagedObject, LARGEST_OBJECT, type ListedObject, type ListRange, type ObjectStore } from './store';

/** Objects that are read at once or wait for their turn, and their bytes together. */
const MOST_AHEAD = 24;
const MOST_BYTES_AHEAD = 32 * 1024 * 1024;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 15_000;
const NAME = /^analytics\/events\/\d{4}\/\d\d\/\d\d\/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z_[^/]+\.json$/;

export const EVENTS_PREFIX = 'analytics/events/';

export interface ReadObject {
	name: string;
	content: ParsedObject | Damage;
}

export interface Patience {
	/** Ends all waiting, with its reason thrown. */
	signal: AbortSignal;
	/** What the latest attempt met; null when it succeeded after all. */
	onFault: (fault: string | null) => void;
}

/** The beginning of the names of objects of this time. @param time milliseconds since 1970 */
export function nameAt(time: number): string {
	const iso = new Date(time).toISOString();
	return `${EVENTS_PREFIX}${iso.slice(0, 4)}/${iso.slice(5, 7)}/${iso.slice(8, 10)}/${iso}`;
}

/** The objects of a range behind the name `after`, with what they hold. */
export async function* readObjects(
	store: ObjectStore,
	range: ListRange,
	after: string,
	patience: Patience
): AsyncGenerator<ReadObject> {
	const ahead: { name: string; size: number; content: Promise<Uint8Array | Damage | null> }[] = [];
	let bytes = 0;
	async function next(): Promise<ReadObject | null> {
		const object = ahead.shift();
		if (!object) return null;
		const body = await object.content;
		bytes -= object.size;
		// What has been forgotten since it was listed is no damage.
		if (body === null) return { name: object.name, content: { events: [], rejected: [] } };
		return {
			name: object.name,
			content: body instanceof Uint8Array ? await inSteps(parseObject(body, Date.now())) : body
		};
	}
	for await (const { name, size } of listObjects(store, range, after, patience)) {
		while (ahead.length >= MOST_AHEAD || (ahead.length > 0 && bytes + size > MOST_BYTES_AHEAD)) {
			const object = await next();
			if (object) yield object;
		}
		const content = readBody(store, { name, size }, patience);
		// It is awaited in its turn; until then its failure is nobody's.
		content.catch(() => undefined);
		ahead.push({ name, size, content });
		bytes += size;
	}
	for (let object = await next(); object; object = await next()) yield object;
}

/** What lies in a range behind the name `after`. */
export async function* listObjects(
	store: ObjectStore,
	range: ListRange,
	after: string,
	patience: Patience
): AsyncGenerator<ListedObject> {
	let last = after;
	for (let attempt = 0; ; attempt++) {
		try {
			const from = range.from !== undefined && range.from > last ? range.from : last;
			for await (const object of store.list({ ...range, ...(from === '' ? {} : { from }) })) {
				if (attempt > 0) patience.onFault(null);
				attempt = 0;
				patience.signal.throwIfAborted();
				if (object.name <= last) continue;
				last = object.name;
				// What consoles of buckets make for a folder.
				if (!object.name.endsWith('/')) yield object;
			}
			return;
		} catch (error) {
			await wait(attempt, error, patience);
		}
	}
}

async function readBody(
	store: ObjectStore,
	{ name, size }: ListedObject,
	patience: Patience
): Promise<Uint8Array | Damage | null> {
	if (!NAME.test(name)) return { damage: 'it is not named like an object of events' };
	if (size > LARGEST_OBJECT) return { damage: `it has ${size} bytes, more than can be read at once` };
	return readPatiently(store, name, patience);
}

/** The bytes of an object, however long the store is away; null when there is none. */
export async function readPatiently(
	store: ObjectStore,
	name: string,
	patience: Patience
): Promise<Uint8Array | Damage | null> {
	for (let attempt = 0; ; attempt++) {
		try {
			const body = (await store.read(name))?.body ?? null;
			if (attempt > 0) patience.onFault(null);
			return body;
		} catch (error) {
			if (error instanceof DamagedObject) return { damage: error.message };
			await wait(attempt, error, patience);
		}
	}
}

/** Waits a while that grows with the attempts. @throws when the signal fires */
export async function wait(attempt: number, error: unknown, { signal, onFault }: Patience): Promise<void> {
	signal.throwIfAborted();
	onFault(describe(error));
	const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
	await sleep(longest * (0.5 + Math.random() / 2), undefined, { signal });
}
