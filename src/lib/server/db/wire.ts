/**
 * The byte stream under one connection of the `postgres` library (3.4.9), given to it as its socket. It guarantees
 * four things that the library gets wrong with a plain socket; each was seen when backends were killed under load:
 *
 * - Small statements leave at once: TCP_NODELAY, which the library never sets.
 * - An end is one moment. A plain socket reports an error and, later in the same turn of the event loop, its close. A
 *   statement that came in between (a retry at once) was neither sent nor failed, and waited for ever.
 * - A connection begins with its startup message. A statement written in the very turn in which the connection ended
 *   stays in the library's buffer, with a timer that will never fire: the next connection of that slot says nothing,
 *   for minutes. Here it ends after a turn of silence, until the buffer is long enough to be flushed, and what is
 *   older than the startup message is cut off.
 * - A failure to connect is reported after the library has begun to listen for it, so that no slot of the pool leaks.
 */
import { EventEmitter } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

/** Where to and how, as the library reads it from a URL and the environment. */
export interface Target {
	host: string;
	port: number;
	/** Of a unix socket, instead of host and port. */
	path: string | undefined;
	/** False, an sslmode such as "require", or Node's TLS options. */
	ssl: unknown;
	/** TLS from the first byte, without asking. */
	directTls: boolean;
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const PROTOCOL_3 = 196_608;

export class Wire extends EventEmitter {
	readonly host: string;
	readonly port: number;
	readonly #target: Target;
	readonly #raw = new net.Socket();
	/** What bytes go through: the raw socket, or TLS upon it. */
	#stream: net.Socket = this.#raw;
	#state: 'opening' | 'open' | 'closed' = 'opening';
	/** Written before the stream was open. */
	readonly #held: Buffer[] = [];
	#spoken = false;

	constructor(target: Target) {
		super();
		this.#target = target;
		this.host = target.host;
		this.port = target.port;
		// The library attaches its listeners one microtask after it got this object.
		queueMicrotask(() => this.#connect());
	}

	get readyState(): 'opening' | 'open' | 'closed' {
		return this.#state;
	}

	write(chunk: Buffer, callback?: () => void): boolean {
		const bytes = this.#spoken ? chunk : fromStartup(chunk);
		this.#spoken = true;
		if (this.#state === 'open') return this.#stream.write(bytes, callback);
		if (this.#state === 'opening') this.#held.push(bytes);
		callback?.();
		return true;
	}

	/** Sends the last bytes, then closes. */
	end(chunk: Buffer): void {
		if (this.#state === 'open') this.#stream.end(chunk);
		else this.destroy();
	}

	destroy(): void {
		this.#finish();
	}

	setKeepAlive(on: boolean, milliseconds: number): void {
		this.#raw.setKeepAlive(on, milliseconds);
	}

	pause(): void {
		this.#stream.pause();
	}

	resume(): void {
		this.#stream.resume();
	}

	#connect(): void {
		if (this.#state === 'closed') return;
		const { path, host, port, ssl, directTls } = this.#target;
		this.#listen(this.#raw);
		this.#raw.once('connect', () => {
			if (!ssl) this.#open();
			else if (directTls) this.#secure({ ALPNProtocols: ['postgresql'] });
			else this.#askForTls();
		});
		if (path) this.#raw.connect(path);
		else this.#raw.setNoDelay(true).connect(port, host);
	}

	#askForTls(): void {
		this.#raw.write(SSL_REQUEST);
		this.#raw.once('data', (answer) => {
			if (answer[0] === 0x53) this.#secure({});
			else if (this.#target.ssl === 'prefer') this.#open();
			else this.#finish(new Error('The server does not offer TLS, and the URL asks for it.'));
		});
	}

	#secure(extra: tls.ConnectionOptions): void {
		const { host, ssl } = this.#target;
		const lenient = ssl === 'require' || ssl === 'allow' || ssl === 'prefer';
		this.#raw.removeAllListeners();
		this.#raw.on('error', (error) => this.#finish(error));
		const stream = tls.connect({
			socket: this.#raw,
			host,
			...(net.isIP(host) ? {} : { servername: host }),
			...extra,
			...(lenient ? { rejectUnauthorized: false } : {}),
			...(typeof ssl === 'object' ? ssl : {})
		});
		this.#stream = stream;
		this.#listen(stream);
		stream.once('secureConnect', () => this.#open());
	}

	#listen(stream: net.Socket): void {
		stream.on('error', (error) => this.#finish(error));
		stream.on('end', () => this.#finish());
		stream.on('close', () => this.#finish());
	}

	#open(): void {
		if (this.#state !== 'opening') return;
		this.#state = 'open';
		this.#stream.on('data', (bytes) => this.emit('data', bytes));
		this.#stream.on('drain', () => this.emit('drain'));
		for (const bytes of this.#held.splice(0)) this.#stream.write(bytes);
		// The library flushes in the turn of the loop in which it got this object, and connecting took longer.
		setImmediate(() => this.#spoken || this.#finish());
	}

	/** Reports the end, once and whole. */
	#finish(error?: Error): void {
		if (this.#state === 'closed') return;
		this.#state = 'closed';
		this.#stream.destroy();
		this.#raw.destroy();
		if (error && this.listenerCount('error') > 0) this.emit('error', error);
		this.emit('close', error !== undefined);
	}
}

/** The bytes from the last startup message on; all of them where there is none (a request to cancel a statement). */
function fromStartup(bytes: Buffer): Buffer {
	for (let at = bytes.length - 8; at > 0; at--) {
		if (bytes.readInt32BE(at) === bytes.length - at && bytes.readInt32BE(at + 4) === PROTOCOL_3)
			return bytes.subarray(at);
	}
	return bytes;
}
