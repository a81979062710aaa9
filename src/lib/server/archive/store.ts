/**
 * Where objects of the archive lie, whatever it is: a bucket, or a folder. An object is there whole or not at all, and is
 * never written over by accident: who writes says what they believe to be there, and learns when it is not so.
 *
 * Names are relative to the archive's prefix and begin with `analytics/`. Faults (a store that is away, refuses or
 * answers nonsense) are thrown after the store's own tries; the same call may be made again.
 */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { ArchiveLocation } from './location';

/** Ten times what is written; more would not fit into memory beside the others. */
export const LARGEST_OBJECT = 256 * 1024 * 1024;
const unzip = promisify(gunzip);

export interface ObjectStore {
	/** For people: without secrets. */
	readonly url: string;
	/** Writes an object that is not there yet. `same`: it is there with these bytes; `different`: with others. */
	create(name: string, body: Uint8Array): Promise<'created' | 'same' | 'different'>;
	/** Writes over exactly the generation that was read. */
	replace(name: string, body: Uint8Array, generation: string): Promise<'replaced' | 'changed'>;
	/**
	 * The whole object, unzipped where somebody has zipped it; null when there is none.
	 * @throws DamagedObject when the bytes don't match their checksum, or can't be had however often they are asked for
	 */
	read(name: string): Promise<StoredObject | null>;
	/** Removes exactly this generation. One that is gone already counts as changed. */
	remove(name: string, generation: string): Promise<'removed' | 'changed'>;
	/**
	 * What lies there, in the order of names by their bytes, which is that of time. From `from` (inclusive) to `to`
	 * (exclusive), both names or beginnings of names.
	 */
	list(range: ListRange): AsyncIterable<ListedObject>;
	close(): Promise<void>;
}

export interface StoredObject {
	body: Uint8Array;
	/** Names these bytes: any later write has another. */
	generation: string;
}

export interface ListRange {
	prefix: string;
	from?: string;
	to?: string;
}

export interface ListedObject {
	name: string;
	/** Bytes. */
	size: number;
}

/** The bytes that were read are not those that were written. */
export class DamagedObject extends Error {
	constructor(
		readonly object: string,
		reason: string
	) {
		super(`${object} is damaged: ${reason}`);
		this.name = 'DamagedObject';
	}
}

/** The bytes of an object without the gzip that another program may have put around them. */
export async function unzipped(name: string, body: Uint8Array): Promise<Uint8Array> {
	if (body[0] !== 0x1f || body[1] !== 0x8b) return body;
	try {
		return await unzip(body, { maxOutputLength: LARGEST_OBJECT });
	} catch (error) {
		throw new DamagedObject(
			name,
			`its gzip can not be read: ${error instanceof Error ? error.message : String(error)}`
		);
	}
}

/** What the archive lies in. Loads the client of a bucket, which is large, only where there is one. */
export async function openStore(location: ArchiveLocation): Promise<ObjectStore> {
	if (location.kind === 'folder') return new (await import('./files')).FileStore(location.folder);
	return new (await import('./gcs')).BucketStore(location);
}
