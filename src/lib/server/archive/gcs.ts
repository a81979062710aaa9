/**
 * The archive in a bucket of Google Cloud Storage. Every write names the generation that it expects, so that it can be
 * sent again without knowing what became of it: one that had arrived after all is recognised by its checksum. The service
 * checks what it gets against the checksum sent along, and what is read is checked here.
 *
 * The library's own retries are off: they know neither a refused connection nor a server that hangs. Here every call has
 * the same few tries, with a growing pause or the one that the service asks for.
 */
import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CRC32C, Storage, type Bucket, type File } from '@google-cloud/storage';
import { within } from '../db/within';
import type { BucketLocation } from './location';
import {
	DamagedObject,
	unzipped,
	type ListedObject,
	type ListRange,
	type ObjectStore,
	type StoredObject
} from './store';

/** Of one try: long enough for an object over a slow line. */
const ANSWER_WITHIN_MS = 60_000;
const TRIES = 5;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
const PAGE = 1000;
const NOT_FOUND = 404;
const CHANGED = 412;

export class BucketStore implements ObjectStore {
	readonly url: string;
	readonly #storage: Storage;
	readonly #isOpen: boolean;
	readonly #bucket: Bucket;
	readonly #prefix: string;

	constructor(location: BucketLocation) {
		const { bucket, prefix, endpoint, credentials, keyFile } = location;
		// An emulator asks for no credentials, and must not be sent any.
		this.#isOpen = endpoint?.startsWith('http:') === true && credentials === undefined && keyFile === undefined;
		this.#storage = new Storage({
			...(endpoint === undefined ? {} : { apiEndpoint: endpoint }),
			useAuthWithCustomEndpoint: !this.#isOpen,
			...(credentials === undefined ? {} : { credentials }),
			...(keyFile === undefined ? {} : { keyFilename: keyFile }),
			retryOptions: { autoRetry: false },
			timeout: ANSWER_WITHIN_MS
		});
		this.#bucket = this.#storage.bucket(bucket);
		this.#prefix = prefix;
		this.url = `gs://${bucket}/${prefix}`;
	}

	create(name: string, body: Uint8Array): Promise<'created' | 'same' | 'different'> {
		return this.#tried(async () => {
			if (await this.#write(name, body, 0)) return 'created';
			const there = await this.#checksum(name);
			if (there === null) throw new Error(`${name} was there and is gone`);
			return there === md5(body) ? 'same' : 'different';
		});
	}

	replace(name: string, body: Uint8Array, generation: string): Promise<'replaced' | 'changed'> {
		return this.#tried(async () => {
			if (await this.#write(name, body, generation)) return 'replaced';
			// An earlier try may have arrived whose answer was lost.
			return (await this.#checksum(name)) === md5(body) ? 'replaced' : 'changed';
		});
	}

	read(name: string): Promise<StoredObject | null> {
		return this.#tried(() => this.#download(name));
	}

	remove(name: string, generation: string): Promise<'removed' | 'changed'> {
		return this.#tried(async () => {
			try {
				await this.#file(name).delete({ ifGenerationMatch: generation });
				return 'removed';
			} catch (error) {
				if (statusOf(error) === NOT_FOUND || statusOf(error) === CHANGED) return 'changed';
				throw error;
			}
		});
	}

	async *list({ prefix, from, to }: ListRange): AsyncIterable<ListedObject> {
		let pageToken: string | undefined;
		do {
			const [files, next] = await this.#tried(() =>
				this.#bucket.getFiles({
					prefix: this.#prefix + prefix,
					...(from === undefined ? {} : { startOffset: this.#prefix + from }),
					...(to === undefined ? {} : { endOffset: this.#prefix + to }),
					...(pageToken === undefined ? {} : { pageToken }),
					autoPaginate: false,
					maxResults: PAGE,
					fields: 'items(name,size),nextPageToken'
				})
			);
			// With `fields`, the library hands on what it got.
			for (const file of files) {
				yield { name: file.name.slice(this.#prefix.length), size: Number(property(file, 'size')) };
			}
			pageToken = tokenOf(next);
		} while (pageToken !== undefined);
	}

	close(): Promise<void> {
		return Promise.resolve();
	}

	#file(name: string): File {
		return this.#bucket.file(this.#prefix + name);
	}

	/** Not by the library, which waits for ever when the connection is cut in the middle of an object. */
	async #download(name: string): Promise<StoredObject | null> {
		const object = encodeURIComponent(this.#prefix + name);
		const url = `${this.#storage.apiEndpoint}/storage/v1/b/${this.#bucket.name}/o/${object}?alt=media`;
		const headers = this.#isOpen ? {} : await this.#storage.authClient.getRequestHeaders(url);
		const answer = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
		const body = Buffer.from(await answer.arrayBuffer());
		if (answer.status === NOT_FOUND) return null;
		if (!answer.ok) {
			const response = { headers: Object.fromEntries(answer.headers) };
			throw Object.assign(new Error(body.toString('utf8', 0, 300)), { code: answer.status, response });
		}
		if (isDamaged(body, answer.headers)) throw new DamagedObject(name, 'its checksum differs');
		return { body: await unzipped(name, body), generation: answer.headers.get('x-goog-generation') ?? '' };
	}

	/** False when the object is of another generation; 0 means that there is none. */
	async #write(name: string, body: Uint8Array, ifGenerationMatch: number | string): Promise<boolean> {
		const file = this.#file(name);
		try {
			await file.save(Buffer.from(body.buffer, body.byteOffset, body.byteLength), {
				resumable: false,
				// The service does it: here it would remove an object that arrived damaged, which may not be allowed.
				validation: false,
				preconditionOpts: { ifGenerationMatch },
				metadata: { contentType: 'application/json', md5Hash: md5(body) },
				timeout: ANSWER_WITHIN_MS
			});
			return true;
		} catch (error) {
			if (statusOf(error) === CHANGED) return false;
			throw error;
		}
	}

	/** Of what is there; null when there is nothing. */
	async #checksum(name: string): Promise<string | null> {
		try {
			const [metadata] = await this.#file(name).getMetadata();
			return metadata.md5Hash ?? '';
		} catch (error) {
			if (statusOf(error) === NOT_FOUND) return null;
			throw error;
		}
	}

	async #tried<T>(call: () => Promise<T>): Promise<T> {
		for (let tries = 1; ; tries++) {
			try {
				return await within(ANSWER_WITHIN_MS, call());
			} catch (error) {
				if (tries === TRIES || !mayPass(error)) throw error;
				await sleep(pauseAfter(error, tries));
			}
		}
	}
}

function md5(body: Uint8Array): string {
	return hash('md5', body, 'base64');
}

/** Whether the same request may fare better later: not what the service has understood and refused. */
function mayPass(error: unknown): boolean {
	const status = statusOf(error);
	return status === null || status >= 500 || status === 429 || status === 408;
}

function pauseAfter(error: unknown, tries: number): number {
	const asked = Number(property(property(property(error, 'response'), 'headers'), 'retry-after'));
	const own = FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + Math.random());
	return Math.min(asked > 0 ? asked * 1000 : own, LONGEST_PAUSE_MS);
}

/** The HTTP status that a fault tells of. */
function statusOf(error: unknown): number | null {
	const status = Number(property(error, 'code') ?? property(error, 'status'));
	return status >= 400 && status < 600 ? status : null;
}

/** Whether these are not the bytes that were stored. What was stored compressed has its own checksum within. */
function isDamaged(body: Buffer, headers: Headers): boolean {
	if (headers.get('x-goog-stored-content-encoding') === 'gzip') return false;
	const sums = new Map(
		(headers.get('x-goog-hash') ?? '').split(',').map((sum) => {
			const at = sum.indexOf('=');
			return [sum.slice(0, at).trim(), sum.slice(at + 1)];
		})
	);
	const known = sums.get('md5');
	if (known !== undefined) return known !== md5(body);
	// An object that was composed of others has no other.
	const crc = new CRC32C();
	crc.update(body);
	return crc.toString() !== sums.get('crc32c');
}

function tokenOf(query: unknown): string | undefined {
	const token = property(query, 'pageToken');
	return typeof token === 'string' && token !== '' ? token : undefined;
}

function property(value: unknown, name: string): unknown {
	return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
