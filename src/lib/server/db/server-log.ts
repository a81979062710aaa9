/**
 * The log file of the embedded server: bounded in size, and the place where the reason of a failed start is found.
 * The server writes to the inherited descriptor itself, so that it can outlive this process.
 */
import { closeSync, fchownSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { StartupError } from '../errors';
import { USE_OWN_SERVER, type Owner } from './binaries';

const MAX_BYTES = 10 * 1024 * 1024;
const REASON_BYTES = 16 * 1024;

export class ServerLog {
	readonly fd: number;

	/** @throws StartupError when the file cannot be opened. */
	constructor(
		readonly file: string,
		owner: Owner | undefined
	) {
		try {
			// Appending, so that emptying the file under a running server leaves no hole of zeros.
			this.fd = openSync(file, 'a+', 0o600);
			if (owner) fchownSync(this.fd, owner.uid, owner.gid);
		} catch (cause) {
			const reason = cause instanceof Error ? cause.message : String(cause);
			throw new StartupError(`The log file ${file} cannot be written: ${reason}. ${USE_OWN_SERVER}`, { cause });
		}
		this.bound();
	}

	/** Empties the file when it is over 10 MiB. */
	bound(): void {
		if (this.size() > MAX_BYTES) ftruncateSync(this.fd);
	}

	/** Bytes now. */
	size(): number {
		return fstatSync(this.fd).size;
	}

	/** The most telling line since byte `from`. */
	reason(from: number): string {
		const bytes = Buffer.alloc(REASON_BYTES);
		const start = Math.max(from, this.size() - REASON_BYTES);
		const lines = bytes
			.toString('utf8', 0, readSync(this.fd, bytes, 0, REASON_BYTES, start))
			.split('\n')
			.map((line) => line.replace(/^\d{4}-\d\d-\d\d .*?\[\d+\] /, '').trim())
			.filter((line) => line !== '');
		const fatal = lines.find((line) => /\b(FATAL|PANIC)\b|could not|error:/i.test(line));
		return fatal ?? lines.at(-1) ?? 'it gave no reason';
	}

	close(): void {
		closeSync(this.fd);
	}
}
