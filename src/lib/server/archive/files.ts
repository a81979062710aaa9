/**
 * The archive in a folder. A file is written beside its place, flushed, and only then given its name, which fails where
 * the name is taken; folders are flushed too. So there is never half a file, and what was answered survives a power cut.
 *
 * A file system keeps no checksum for a reader: a generation is the SHA-256 of what is there.
 */
import { hash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { DamagedObject, unzipped, type ListedObject, type ListRange, type ObjectStore, type StoredObject } from './store'; // prettier-ignore

/** Beside the objects, in the same file system: what is being written, and who changes which file. */
const WRITING = '.writing';
/** What lies there for longer was left behind by a process that was killed. */
const LEFT_BEHIND_MS = 60_000;
const LOCK_POLL_MS = 10;

export class FileStore implements ObjectStore {
	readonly url: string;
	readonly #folder: string;
	readonly #writing: string;

	/** @param folder absolute; made with the first object */
	constructor(folder: string) {
		this.#folder = folder;
		this.#writing = join(folder, WRITING);
		this.url = pathToFileURL(folder).href;
	}

	async create(name: string, body: Uint8Array): Promise<'created' | 'same' | 'different'> {
		const path = this.#path(name);
		await makeFolder(dirname(path));
		const written = await this.#write(body);
		try {
			await link(written, path);
		} catch (error) {
			if (!isCode(error, 'EEXIST')) throw error;
			const there = await this.read(name);
			// Removed in between: for the caller it was never there.
			if (there === null) return await this.create(name, body);
			if (there.generation !== hash('sha256', body)) return 'different';
			// Its writer may not have come so far.
			await flush(dirname(path));
			return 'same';
		} finally {
			await unlink(written);
		}
		await flush(dirname(path));
		return 'created';
	}

	replace(name: string, body: Uint8Array, generation: string): Promise<'replaced' | 'changed'> {
		return this.#alone(name, async (path) => {
			if ((await this.read(name))?.generation !== generation) return 'changed';
			const written = await this.#write(body);
			try {
				await rename(written, path);
			} catch (error) {
				await unlink(written);
				throw error;
			}
			await flush(dirname(path));
			return 'replaced';
		});
	}

	async read(name: string): Promise<StoredObject | null> {
		try {
			const bytes = await readFile(this.#path(name));
			return { body: await unzipped(name, bytes), generation: hash('sha256', bytes) };
		} catch (error) {
			if (isCode(error, 'ENOENT')) return null;
			return lasting(() => {
				throw new DamagedObject(name, `it can not be read: ${String(error)}`);
			})(error);
		}
	}

	remove(name: string, generation: string): Promise<'removed' | 'changed'> {
		return this.#alone(name, async (path) => {
			if ((await this.read(name))?.generation !== generation) return 'changed';
			await unlink(path);
			await flush(dirname(path));
			return 'removed';
		});
	}

	async *list({ prefix, from = '', to }: ListRange): AsyncIterable<ListedObject> {
		const isBefore = (end: string | undefined, name: string) => end === undefined || byBytes(name, end) < 0;
		/** Whether anything that begins so can be asked for. */
		const isAskedFor = (folder: string) =>
			(folder.startsWith(prefix) || prefix.startsWith(folder)) &&
			(byBytes(folder, from) >= 0 || from.startsWith(folder)) &&
			isBefore(to, folder);

		const walk = async function* (path: string, above: string): AsyncIterable<ListedObject> {
			const entries = await readdir(path, { withFileTypes: true }).catch(absent(() => []));
			const names = entries
				.filter(({ name }) => !name.startsWith('.'))
				.map((entry) => ({ entry, name: above + onceMore(entry.name) + (entry.isDirectory() ? '/' : '') }))
				.sort((one, other) => byBytes(one.name, other.name));
			for (const { entry, name } of names) {
				if (entry.isDirectory()) {
					if (isAskedFor(name)) yield* walk(join(path, entry.name), name);
				} else if (name.startsWith(prefix) && byBytes(name, from) >= 0 && isBefore(to, name)) {
					// Whoever reads it meets what is wrong with it.
					const known = await stat(join(path, entry.name)).catch(absent(() => null)).catch(lasting(() => ({ size: 0 }))); // prettier-ignore
					if (known !== null) yield { name, size: known.size };
				}
			}
		};
		yield* walk(this.#folder, '');
	}

	close(): Promise<void> {
		return Promise.resolve();
	}

	#path(name: string): string {
		const parts = name.split('/');
		if (
			parts.some(
				(part) => part === '' || part.startsWith('.') || part.includes('\0') || (!hasColons && part.includes(sep))
			)
		) {
			throw new Error(`${JSON.stringify(name)} is no name of an object`);
		}
		return join(this.#folder, ...parts.map(onDisk));
	}

	/** Writes and flushes a file without a name yet. */
	async #write(body: Uint8Array): Promise<string> {
		await makeFolder(this.#writing);
		await this.#tidy();
		const path = join(this.#writing, randomUUID());
		const file = await open(path, 'wx');
		try {
			await file.writeFile(body);
			await file.sync();
		} catch (error) {
			// A full disk has no room for what is half there.
			await unlink(path);
			throw error;
		} finally {
			await file.close();
		}
		return path;
	}

	/** One change of this file at a time, whichever processes want to. */
	async #alone<T>(name: string, change: (path: string) => Promise<T>): Promise<T> {
		await makeFolder(this.#writing);
		const lock = join(this.#writing, `${hash('sha256', name)}.lock`);
		for (;;) {
			try {
				await mkdir(lock);
				break;
			} catch (error) {
				if (!isCode(error, 'EEXIST')) throw error;
				await this.#tidy();
				await sleep(LOCK_POLL_MS);
			}
		}
		try {
			return await change(this.#path(name));
		} finally {
			await rm(lock, { recursive: true, force: true });
		}
	}

	async #tidy(): Promise<void> {
		for (const name of await readdir(this.#writing)) {
			const path = join(this.#writing, name);
			const known = await stat(path).catch(absent(() => null));
			if (known !== null && Date.now() - known.mtimeMs > LEFT_BEHIND_MS)
				await rm(path, { recursive: true, force: true });
		}
	}
}

/** Windows has another use for colons in names. */
const hasColons = sep === '/';
const onDisk = (part: string) => (hasColons ? part : part.replaceAll(':', '%3A'));
const onceMore = (part: string) => (hasColons ? part : part.replaceAll('%3A', ':'));

function byBytes(one: string, other: string): number {
	return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** Makes a folder and those above it that are missing, and flushes the entries of what it made. */
async function makeFolder(path: string): Promise<void> {
	const first = await mkdir(path, { recursive: true });
	if (first === undefined) return;
	for (let made = path; made.length >= first.length; made = dirname(made)) await flush(dirname(made));
}

async function flush(folder: string): Promise<void> {
	// Windows can't open a folder, and needs no flush of it.
	if (!hasColons) return;
	const file = await open(folder, 'r');
	try {
		await file.sync();
	} finally {
		await file.close();
	}
}

/** What asking again does not mend: a folder or a circle of links in the place of a file, or a disk that can't read it. */
const LASTING = ['EISDIR', 'ELOOP', 'EIO'];

/** Instead of a fault that stays. */
function lasting<T>(instead: () => T): (error: unknown) => T {
	return (error) => {
		if (LASTING.some((code) => isCode(error, code))) return instead();
		throw error;
	};
}

/** Instead of a fault about a file that is not there. */
function absent<T>(instead: () => T): (error: unknown) => T {
	return (error) => {
		if (isCode(error, 'ENOENT')) return instead();
		throw error;
	};
}

function isCode(error: unknown, code: string): boolean {
	return error instanceof Error && 'code' in error && error.code === code;
}
