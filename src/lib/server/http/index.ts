/**
 * The process's HTTP server: uWebSockets.js where it loads, Node's own where it does not. Both answer alike; what the
 * second costs is speed.
 */
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Logger } from 'pino';
import { ingestLimit } from '../access/limits';
import { StartupError } from '../errors';
import type { Pipeline } from '../pipeline';
import { clientReader, type ClientOf } from './client';
import type { Answer } from './connection';
import type { RunningServer } from './drain';
import { readFiles } from './files';
import { startNode } from './node';
import { createRouter, type KitHandler } from './router';
import { createSockets, handshakeOf } from './sockets';
import { loadUws, startUws, type Uws } from './uws';

export interface HttpOptions {
	host: string;
	/** 0 lets the system choose. */
	port: number;
	server: 'auto' | 'uws' | 'node';
	pipeline: Pick<Pipeline, 'routes' | 'readiness' | 'serveSockets' | 'handshakeRefusal'>;
	/** The folder of the built client's files. */
	clientFolder: string;
	kit: KitHandler;
	/** How others reach the server. */
	reach: { publicOrigins: readonly string[]; trustedProxies: readonly string[] };
	/** Of one address to the routes; 0: no limit. */
	ingestRequestsPerSecond: number;
	/** How long stop() waits for answers, in milliseconds: more than a request's own deadline. */
	drainMs: number;
	log: Logger;
	/** Loads the native module; another one in tests of what happens when it can't be loaded. */
	load?: () => Uws;
}

export interface HttpServer {
	kind: 'uws' | 'node';
	/** Where a browser finds it, such as `http://127.0.0.1:3000`. */
	address: string;
	/** Takes no more connections, answers what has come (for a bounded time), ends all connections. */
	stop(): Promise<void>;
}

/**
 * Listens.
 * @throws StartupError when the address can't be had, or uWebSockets.js is demanded and does not load
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
	const { pipeline, log } = options;
	let stopping = false;
	const readiness = (): ReturnType<Pipeline['readiness']> =>
		stopping ? Promise.resolve({ ready: false, reasons: ['shutting down'] }) : pipeline.readiness();
	const files = readFiles(options.clientFolder);
	const clientOf = clientReader(options.reach.trustedProxies, options.reach.publicOrigins);
	const limit = ingestLimit(options.ingestRequestsPerSecond);
	const answer = createRouter({ routes: pipeline.routes, readiness, files, kit: options.kit, clientOf, limit, log });
	const { kind, server } = await listen(options, answer, clientOf);
	return {
		kind,
		address: `http://${urlHost(reachable(options.host))}:${server.port}`,
		stop: async () => {
			stopping = true;
			server.stopListening();
			const left = await server.inFlight.drain(options.drainMs);
			if (left > 0) log.warn({ left }, 'requests were still unanswered at the end');
			await server.close();
		}
	};
}

async function listen(
	options: HttpOptions,
	answer: Answer,
	clientOf: ClientOf
): Promise<{ kind: HttpServer['kind']; server: RunningServer }> {
	const { host, port } = options;
	const uws = chooseUws(options);
	const io = createSockets(options.pipeline, clientOf);
	options.pipeline.serveSockets(io, (socket) => handshakeOf(socket, clientOf));
	if (uws) {
		const server = startUws(uws, { host, port, answer, io });
		if (server) return { kind: 'uws', server };
		throw await whyNot(host, port);
	}
	try {
		return { kind: 'node', server: await startNode({ host, port, answer, io }) };
	} catch (error) {
		throw cannotListen(host, port, error);
	}
}

function chooseUws({ server, load = loadUws, log }: HttpOptions): Uws | null {
	if (server === 'node') return null;
	try {
		return load();
	} catch (error) {
		// The message's last line is the system's own; those before it are advertisement.
		const why = error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? '') : String(error);
		if (server === 'uws') {
			throw new StartupError(`HTTP_SERVER=uws, but uWebSockets.js does not load: ${why}`, { cause: error });
		}
		log.warn(`uWebSockets.js does not load, so Node's http server runs instead, at about half the speed: ${why}`);
		return null;
	}
}

/** Why an address can't be had. uWebSockets.js does not say, so the system is asked again. */
async function whyNot(host: string, port: number): Promise<StartupError> {
	const error = await new Promise<unknown>((resolve) => {
		const probe = createServer();
		probe.once('error', resolve);
		probe.listen({ host, port, exclusive: true }, () => {
			probe.close();
			resolve(new Error('it could not be had'));
		});
	});
	return cannotListen(host, port, error);
}

const REASONS: Record<string, string> = {
	EADDRINUSE: 'another program listens there. Stop it, or set PORT to a free port',
	EACCES: 'the system does not allow it. Ports below 1024 are reserved: set PORT to a higher one',
	EADDRNOTAVAIL: 'this machine does not have that address. Set HOST to one that it has',
	ENOTFOUND: 'there is no such name. Set HOST to an address of this machine'
};

function cannotListen(host: string, port: number, error: unknown): StartupError {
	const code = error instanceof Error && 'code' in error ? String(error.code) : '';
	const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
	return new StartupError(`Cannot listen on ${urlHost(host)}:${port}: ${reason}.`, { cause: error });
}

/** By which address others find what listens on all: no browser of another machine finds 0.0.0.0. */
function reachable(host: string): string {
	if (host !== '0.0.0.0' && host !== '::') return host;
	const addresses = Object.values(networkInterfaces()).flatMap((ofOne) => ofOne ?? []);
	return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

/** A host as URLs write it. */
function urlHost(host: string): string {
	return host.includes(':') ? `[${host}]` : host;
}
