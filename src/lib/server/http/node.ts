/**
 * The same on Node's own http server: what runs where uWebSockets.js can't be loaded, and what the dev server
 * borrows for the routes that SvelteKit does not see.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Server as SocketServer } from 'socket.io';
import { type Answer, type Body, declaredLength, isAmbiguous, isBodiless } from './connection';
import type { HeaderList, Incoming, Outgoing } from './connection';
import { InFlight, type RunningServer } from './drain';

/**
 * As much time and room as uWebSockets.js gives: a head within ten seconds, a body within thirty, and whoever is late is
 * looked for each second. Without it a thousand connections that send a byte now and then would stay for minutes.
 */
const LIMITS = {
	maxHeaderSize: 16 * 1024,
	headersTimeout: 10_000,
	requestTimeout: 30_000,
	keepAliveTimeout: 10_000,
	connectionsCheckingInterval: 1_000
};

/** Listens. @throws the system's error (EADDRINUSE and its like) when the address can't be had */
export async function startNode(options: {
	host: string;
	port: number;
	answer: Answer;
	io: SocketServer;
}): Promise<RunningServer> {
	const inFlight = new InFlight();
	/** Connections of which nothing is taken for a request any more. */
	const refused = new WeakSet<object>();
	const server = createServer(LIMITS, (req, res) => {
		if (refused.has(req.socket)) return;
		const exchange = new NodeExchange(req, res, inFlight);
		if (isAmbiguous(exchange.headers)) {
			refused.add(req.socket);
			res.writeHead(400, { connection: 'close' }).end();
		} else void options.answer(exchange, exchange);
	});
	server.listen({ host: options.host, port: options.port, exclusive: true });
	await once(server, 'listening');
	options.io.attach(server);
	return {
		port: addressOf(server.address()).port,
		inFlight,
		stopListening: () => {
			server.close();
			server.closeIdleConnections();
		},
		close: async () => {
			// Socket.IO's close waits for all connections to end, so they must be ended while it waits.
			const closed = options.io.close();
			server.closeAllConnections();
			await closed;
		}
	};
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
	if (address === null || typeof address === 'string') throw new Error('an HTTP server on a port has no port');
	return address;
}

/** A request and its answer of Node's http. */
export class NodeExchange implements Incoming, Outgoing {
	readonly method: string;
	readonly path: string;
	readonly query: string;
	readonly address: string;
	readonly headers: Record<string, string>;
	readonly #req: IncomingMessage;
	readonly #res: ServerResponse;
	readonly #inFlight: InFlight;
	readonly #abort = new AbortController();

	constructor(req: IncomingMessage, res: ServerResponse, inFlight: InFlight) {
		const url = req.url ?? '/';
		const mark = url.indexOf('?');
		this.method = req.method ?? 'GET';
		this.path = mark < 0 ? url : url.slice(0, mark);
		this.query = mark < 0 ? '' : url.slice(mark + 1);
		this.address = req.socket.remoteAddress ?? '';
		this.headers = {};
		for (const [name, value] of Object.entries(req.headers)) {
			if (value !== undefined) this.headers[name] = Array.isArray(value) ? value.join(', ') : value;
		}
		this.#req = req;
		this.#res = res;
		this.#inFlight = inFlight;
		const over = inFlight.begin();
		res.once('close', () => {
			over();
			if (!res.writableFinished) this.#abort.abort();
		});
		// A client that goes away is no fault, and 'close' tells the rest.
		req.on('error', () => undefined);
		res.on('error', () => undefined);
	}

	get signal(): AbortSignal {
		return this.#abort.signal;
	}

	readBody(maxBytes: number): Promise<Body> {
		return new Promise((resolve) => {
			if (declaredLength(this.headers) > maxBytes) {
				resolve({ kind: 'too_large' });
				return;
			}
			const chunks: Buffer[] = [];
			let size = 0;
			this.#req.on('data', (chunk: Buffer) => {
				size += chunk.byteLength;
				if (size <= maxBytes) {
					chunks.push(chunk);
					return;
				}
				// What follows is read and thrown away, so that the client gets to see its answer.
				chunks.length = 0;
				resolve({ kind: 'too_large' });
			});
			this.#req.once('end', () => {
				resolve({ kind: 'whole', bytes: Buffer.concat(chunks) });
			});
			this.#req.once('close', () => {
				resolve({ kind: 'aborted' });
			});
		});
	}

	send(status: number, headers: HeaderList, body: string | Uint8Array): void {
		if (this.#res.destroyed || this.#res.headersSent) return;
		this.#writeHead(status, isBodiless(status) ? headers : [...headers, ['content-length', String(Buffer.byteLength(body))]]); // prettier-ignore
		this.#res.end(this.method === 'HEAD' || isBodiless(status) ? undefined : body);
	}

	async stream(status: number, headers: HeaderList, body: ReadableStream<Uint8Array>): Promise<void> {
		const reader = body.getReader();
		if (this.#res.destroyed || this.method === 'HEAD') {
			await reader.cancel();
			if (this.#res.destroyed) return;
			this.#writeHead(status, headers);
			this.#res.end();
			return;
		}
		this.signal.addEventListener('abort', () => {
			reader.cancel().catch(() => undefined);
		});
		this.#writeHead(status, headers);
		// Else the head waits for the first chunk, however long that takes.
		this.#res.flushHeaders();
		try {
			for (;;) {
				const { done, value } = await reader.read();
				if (this.signal.aborted) return;
				if (done) break;
				if (!this.#res.write(value)) await once(this.#res, 'drain', { signal: this.signal });
			}
		} catch (error) {
			// The head is sent: only a broken connection can still say that this is not the whole answer.
			this.#res.destroy();
			throw error;
		}
		this.#res.end();
	}

	#writeHead(status: number, headers: HeaderList): void {
		if (this.#inFlight.draining) this.#res.setHeader('connection', 'close');
		for (const [name, value] of headers) this.#res.appendHeader(name, value);
		this.#res.writeHead(status);
	}
}
