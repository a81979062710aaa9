/**
 * The uWebSockets.js server. Its rules, which this file keeps so that nobody else has to know them: a request is only
 * readable until the first await; an answer must not be touched after an abort; a body's chunk must be copied; a handler
 * that neither answers nor listens for the abort ends the process; writes belong together in a cork.
 */
import { STATUS_CODES } from 'node:http';
import { createRequire } from 'node:module';
import type { Server as SocketServer, ServerOptions } from 'socket.io';
import type { HttpRequest, HttpResponse, us_listen_socket } from 'uWebSockets.js';
import { type Answer, type Body, declaredLength, isAmbiguous, isBodiless } from './connection';
import type { HeaderList, Incoming, Outgoing } from './connection';
import { InFlight, type RunningServer } from './drain';

export type Uws = typeof import('uWebSockets.js');

/**
 * Bytes of a request's line and headers. The native code holds this against what comes in several packets alone: what
 * came in one is measured here.
 */
const MAX_HEAD_BYTES = 16 * 1024;
/** LIBUS_LISTEN_EXCLUSIVE_PORT, which is declared as a const enum and so has no value to import. */
const EXCLUSIVE_PORT = 1;
/**
 * Bytes that may wait for a slow screen. Beyond it messages to that screen are dropped in silence, which it notices by
 * their numbers; a snapshot of the Control Room with 300 sessions must fit.
 */
const MAX_BACKPRESSURE = 2 * 1024 * 1024;

/**
 * Loads the native module.
 * @throws what loading it throws, such as that there is no binary for this Node or this system's C library
 */
export function loadUws(): Uws {
	// Read by the native code when it loads. Its default of 4 KB is soon filled by cookies and a long referrer.
	// eslint-disable-next-line no-restricted-properties -- written, not read: there is no other way to tell it
	process.env.UWS_HTTP_MAX_HEADERS_SIZE ??= String(MAX_HEAD_BYTES);
	const loaded: unknown = createRequire(import.meta.url)('uWebSockets.js');
	// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- its own declarations; require() has no types
	return loaded as Uws;
}

/** Listens, or returns null when the address can't be had: uWebSockets.js does not say why. */
export function startUws(
	uws: Uws,
	options: { host: string; port: number; answer: Answer; io: SocketServer }
): RunningServer | null {
	// Else every answer names the server and its version.
	cfgOf(uws)('silent');
	const app = uws.App();
	const inFlight = new InFlight();
	const sockets: Partial<ServerOptions> & { maxBackpressure: number } = { maxBackpressure: MAX_BACKPRESSURE };
	options.io.attachApp(app, sockets);
	app.any('/*', (res, req) => {
		const exchange = new UwsExchange(res, req, inFlight);
		if (isAmbiguous(exchange.headers) || exchange.headBytes > MAX_HEAD_BYTES) exchange.refuse();
		else void options.answer(exchange, exchange);
	});
	// Without the option two processes could share a port, and each would get some of the requests. The declarations
	// don't know that host and option go together; the native code takes any of them.
	// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- as said
	const listen = app.listen.bind(app) as unknown as (
		host: string,
		port: number,
		options: number,
		done: (socket: us_listen_socket | false) => void
	) => void;
	let socket: us_listen_socket | false = false;
	listen(options.host, options.port, EXCLUSIVE_PORT, (token) => {
		socket = token;
	});
	if (!socket) return null;
	const listener: us_listen_socket = socket;
	return {
		port: uws.us_socket_local_port(listener),
		inFlight,
		stopListening: () => {
			uws.us_listen_socket_close(listener);
		},
		close: async () => {
			await options.io.close();
			app.close();
		}
	};
}

/** A function that its declarations leave out. */
function cfgOf(uws: Uws): (key: string) => void {
	// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- as said
	return (uws as unknown as { _cfg: (key: string) => void })._cfg;
}

class UwsExchange implements Incoming, Outgoing {
	readonly method: string;
	readonly path: string;
	readonly query: string;
	readonly address: string;
	readonly headers: Record<string, string> = {};
	/** As many as the request's line and headers had, but for what stands between them. */
	readonly headBytes: number;
	readonly #res: HttpResponse;
	readonly #inFlight: InFlight;
	readonly #over: () => void;
	/** Answered or aborted: from then on `#res` must not be touched. */
	#ended = false;
	#aborted = false;
	#abort: AbortController | undefined;
	#onAborted: (() => void)[] = [];
	/** Called when the client has taken what was waiting for it. */
	#onTaken = (): void => undefined;

	constructor(res: HttpResponse, req: HttpRequest, inFlight: InFlight) {
		this.method = req.getMethod().toUpperCase();
		this.path = req.getUrl();
		// eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- undefined without a question mark, whatever its declaration says
		this.query = req.getQuery() ?? '';
		this.address = Buffer.from(res.getRemoteAddressAsText()).toString();
		let bytes = this.path.length + this.query.length;
		req.forEach((name, value) => {
			bytes += name.length + value.length;
			const before = this.headers[name];
			// As Node joins them.
			this.headers[name] = before === undefined ? value : before + (name === 'cookie' ? '; ' : ', ') + value;
		});
		this.headBytes = bytes;
		this.#res = res;
		this.#inFlight = inFlight;
		this.#over = inFlight.begin();
		res.onAborted(() => {
			this.#ended = this.#aborted = true;
			this.#over();
			this.#abort?.abort();
			for (const tell of this.#onAborted) tell();
		});
	}

	/** Made when somebody asks: most requests need none. */
	get signal(): AbortSignal {
		this.#abort ??= new AbortController();
		if (this.#aborted) this.#abort.abort();
		return this.#abort.signal;
	}

	readBody(maxBytes: number): Promise<Body> {
		return new Promise((resolve) => {
			if (declaredLength(this.headers) > maxBytes) {
				resolve({ kind: 'too_large' });
				return;
			}
			const chunks: Uint8Array[] = [];
			let size = 0;
			this.#onAborted.push(() => {
				resolve({ kind: 'aborted' });
			});
			this.#res.onData((chunk, isLast) => {
				size += chunk.byteLength;
				if (size > maxBytes) {
					// What follows is read and thrown away by the parser, so that the client gets to see its answer.
					chunks.length = 0;
					resolve({ kind: 'too_large' });
					return;
				}
				// A copy: the memory is taken back when this function returns.
				chunks.push(new Uint8Array(chunk.slice(0)));
				if (isLast) resolve({ kind: 'whole', bytes: joined(chunks, size) });
			});
		});
	}

	/** Ends the connection at once: after an answer, whatever it says, the next request of the same packet would be read. */
	refuse(): void {
		this.#res.close();
	}

	send(status: number, headers: HeaderList, body: string | Uint8Array): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#res.cork(() => {
			this.#writeHead(status, headers);
			const close = this.#inFlight.draining;
			// Any argument at all would make a length of it.
			if (isBodiless(status)) this.#res.endWithoutBody();
			else if (this.method === 'HEAD') this.#res.endWithoutBody(Buffer.byteLength(body), close);
			else this.#res.end(body, close);
		});
		this.#over();
	}

	async stream(status: number, headers: HeaderList, body: ReadableStream<Uint8Array>): Promise<void> {
		const reader = body.getReader();
		this.#onAborted.push(() => {
			reader.cancel().catch(() => undefined);
		});
		if (this.#ended || this.method === 'HEAD') {
			await reader.cancel();
			if (this.#ended) return;
			this.#ended = true;
			this.#res.cork(() => {
				this.#writeHead(status, headers);
				this.#res.endWithoutBody();
			});
			this.#over();
			return;
		}
		// Set once: a handler set while the last one runs, which is when the next chunk is written, would be lost.
		this.#res.onWritable(() => {
			this.#onTaken();
			return true;
		});
		this.#onAborted.push(() => {
			this.#onTaken();
		});
		this.#res.cork(() => {
			this.#writeHead(status, headers);
		});
		try {
			for (;;) {
				const { done, value } = await reader.read();
				if (this.#isEnded()) return;
				if (done) break;
				if (value.byteLength > 0) await this.#write(value);
			}
		} catch (error) {
			// The head is sent: only a broken connection can still say that this is not the whole answer.
			if (!this.#isEnded()) this.#res.close();
			throw error;
		}
		this.#ended = true;
		this.#res.cork(() => {
			this.#res.end(undefined, this.#inFlight.draining);
		});
		this.#over();
	}

	/** Writes a chunk; waits until the client has taken what is waiting for it. */
	#write(chunk: Uint8Array): Promise<void> {
		return new Promise((resolve) => {
			this.#res.cork(() => {
				if (this.#res.write(chunk)) resolve();
				else this.#onTaken = resolve;
			});
		});
	}

	#writeHead(status: number, headers: HeaderList): void {
		this.#res.writeStatus(`${status} ${STATUS_CODES[status] ?? 'Unknown'}`);
		for (const [name, value] of headers) this.#res.writeHeader(name, value);
	}

	/** A function, because the compiler does not see that an abort changes the field during an await. */
	#isEnded(): boolean {
		return this.#ended;
	}
}

function joined(chunks: Uint8Array[], size: number): Uint8Array {
	const [first] = chunks;
	if (first && chunks.length === 1) return first;
	return Buffer.concat(chunks, size);
}
