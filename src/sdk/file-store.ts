/**
 * A store in a file, for Node: a process that is killed finds its events there when it starts again. An event is in the
 * system's hands when `track` returns, which survives the death of the process, though not that of the machine.
 *
 * Nothing is flushed to the disk for it: what flush() promises is the server's word, and a removal that the machine forgets
 * costs a repetition, which the event's id makes harmless.
 *
 * The file is a journal, a line for each event and for each removal; it is emptied whenever nothing waits, and rewritten
 * when it has grown. One process at a time may have it: the journal's name and `.lock` say which.
 */
import {
	closeSync,
	fstatSync,
	ftruncateSync,
	mkdirSync,
	openSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
	writeSync
} from 'node:fs';
import { dirname } from 'node:path';
import { guarded, type Store } from './store';

/** A journal that is larger than this and mostly removals is written anew. */
const COMPACT_BYTES = 4 * 1024 * 1024;

export interface FileStore extends Store {
	/** Lets go of the file. */
	close(): void;
}

/**
 * Opens the store, and makes its folder if there is none.
 * @throws Error when another process has it, or the file system says no
 */
export function fileStore(path: string): FileStore {
	mkdirSync(dirname(path), { recursive: true });
	const lock = `${path}.lock`;
	takeLock(lock);
	const events = read(path);
	let file = rewrite();

	/** Replaces the journal by what waits, whole or not at all. */
	function rewrite(): number {
		const next = `${path}.next`;
		// On the disk before it takes the old one's place: what has long been there must not be lost with the machine.
		writeFileSync(next, [...events].map(([key, json]) => line(key, json)).join(''), { flush: true });
		renameSync(next, path);
		return openSync(path, 'a');
	}

	/** Writes a line, or nothing of it: where the disk gets full in its middle, the next line must not be joined to it. */
	function append(text: string): void {
		const { size } = fstatSync(file);
		const bytes = Buffer.from(text);
		try {
			for (let at = 0; at < bytes.length; at += writeSync(file, bytes, at));
		} catch (error) {
			ftruncateSync(file, size);
			throw error;
		}
	}

	return {
		durable: true,
		put(key, json) {
			append(line(key, json));
			events.set(key, json);
		},
		all: () => [...events].sort(([one], [other]) => (one < other ? -1 : 1)),
		remove(key) {
			if (!events.delete(key)) return;
			if (events.size === 0) ftruncateSync(file);
			else {
				// On a full disk it is forgotten at the next start, and costs a repetition too.
				guarded(() => append(line(key, '')));
				if (fstatSync(file).size > COMPACT_BYTES) {
					closeSync(file);
					file = rewrite();
				}
			}
		},
		close() {
			closeSync(file);
			rmSync(lock, { force: true });
		}
	};
}

function line(key: string, json: string): string {
	return `${key} ${json}\n`;
}

function read(path: string): Map<string, string> {
	const events = new Map<string, string>();
	for (const text of content(path).split('\n')) {
		const at = text.indexOf(' ');
		const [key, json] = [text.slice(0, at), text.slice(at + 1)];
		if (json === '') events.delete(key);
		// The last line may be cut short by the end of the process: `track` had not returned then.
		else if (at > 0 && isJson(json)) events.set(key, json);
	}
	return events;
}

function content(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		if (codeOf(error) === 'ENOENT') return '';
		throw error;
	}
}

function isJson(text: string): boolean {
	try {
		JSON.parse(text);
		return true;
	} catch {
		return false;
	}
}

function takeLock(lock: string): void {
	for (;;) {
		try {
			writeFileSync(lock, String(process.pid), { flag: 'wx' });
			return;
		} catch (error) {
			if (codeOf(error) !== 'EEXIST') throw error;
		}
		const pid = Number(content(lock));
		if (isAlive(pid)) throw new Error(`Process ${pid} has this store already: ${lock}`);
		rmSync(lock, { force: true });
	}
}

/** Whether another process of this number lives. One's own number is that of an earlier life, as in containers. */
function isAlive(pid: number): boolean {
	if (!(pid > 0) || pid === process.pid) return false;
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return codeOf(error) === 'EPERM';
	}
}

function codeOf(error: unknown): unknown {
	return error instanceof Error && 'code' in error ? error.code : undefined;
}
