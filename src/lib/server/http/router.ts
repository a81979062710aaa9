/**
 * Who answers a request: the routes that spare SvelteKit (ingest first of all), then the two health checks, then the
 * built client's files, and SvelteKit for everything else. The same for both servers, and in part for the dev server.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { AddressLimit } from '../access/limits';
import { errorBody, STATUS_OF } from '../errors';
import type { Readiness } from '../pipeline';
import type { Client, ClientOf } from './client';
import type { Answer, HeaderList, Incoming, Outgoing } from './connection';
import type { ApiAnswer, ApiRoute } from './exchange';
import { answerFile, type StaticFiles } from './files';
import { withSafety } from './safety';

/** SvelteKit's bodies are forms; what is larger than this is none. */
const MAX_PAGE_BODY_BYTES = 1024 * 1024;
/** An answer up to this size is sent whole, which spares the chunks. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

/**
 * How long a refusal for sending too often is held: whoever floods over some connections sends the next request only then,
 * instead of as fast as refusals can be made, which would take the time of everybody else.
 */
const HELD_MS = 250;
/** How old an answer about readiness may be. */
const READINESS_HOLDS_MS = 250;

/** More of them are sent at once: each that is held takes memory. */
const MOST_HELD = 5_000;

/** Answers as SvelteKit does. `address` is the client's. */
export type KitHandler = (request: Request, address: string) => Promise<Response>;

/** Answers a request if it is one of its own; the promise is null if it is not. */
export type ApiRouter = (incoming: Incoming, outgoing: Outgoing) => Promise<void> | null;

export interface ApiRouterOptions {
	routes: readonly ApiRoute[];
	readiness: () => Promise<Readiness>;
	clientOf: ClientOf;
	/** How often one address may ask the routes. */
	limit: Pick<AddressLimit, 'take'>;
	log: Logger;
}

/** The routes and the health checks. */
export function createApiRouter({ routes, readiness, clientOf, limit, log }: ApiRouterOptions): ApiRouter {
	/** Refusals that wait to be sent. */
	let held = 0;
	const routeOf = new Map(routes.map((route) => [route.path, route]));

	async function hold(): Promise<void> {
		if (held >= MOST_HELD) return;
		held++;
		await sleep(HELD_MS);
		held--;
	}

	async function answerRoute(route: ApiRoute, incoming: Incoming, outgoing: Outgoing): Promise<void> {
		const { method, path, query, headers } = incoming;
		const { address } = clientOf(incoming.address, (name) => headers[name]);
		const request = { method, path, query, address, header: (name: string) => headers[name] };
		const waitSeconds = limit.take({ address, headers: { get: (name) => headers[name] ?? null } });
		if (waitSeconds > 0) {
			// Both servers read on over a body that nobody has asked for, so that the connection stays usable.
			await hold();
			sendAnswer(outgoing, route.tooManyRequests(waitSeconds));
			return;
		}
		const body = await incoming.readBody(route.maxBodyBytes);
		if (body.kind === 'aborted') return;
		if (body.kind === 'too_large') {
			sendAnswer(outgoing, route.bodyTooLarge(request));
			return;
		}
		try {
			const answer = await route.handle({ ...request, body: body.bytes });
			// Of a write key, which only the route knows.
			if (answer.status === STATUS_OF.rate_limited) await hold();
			sendAnswer(outgoing, answer);
		} catch (error) {
			log.error({ err: error, path }, 'a route failed to answer by itself');
			sendJson(outgoing, 500, errorBody('internal', 'The server failed. Send it again.'));
		}
	}

	/** What was found last, and when. Anybody may ask, as often as they like: the database is asked for all of them together. */
	let found: { at: number; readiness: Promise<Readiness> } | null = null;

	async function answerReadiness(outgoing: Outgoing): Promise<void> {
		if (found === null || performance.now() - found.at > READINESS_HOLDS_MS) {
			const asked = { at: Infinity, readiness: readiness() };
			found = asked;
			// From its answer on: as long as it takes, nobody asks a second time.
			const settled = () => (asked.at = performance.now());
			asked.readiness.then(settled, settled);
		}
		const { ready, reasons } = await found.readiness.catch((error: unknown) => {
			log.error({ err: error }, 'readiness is unknown');
			return { ready: false, reasons: ['readiness is unknown'] };
		});
		sendJson(outgoing, ready ? 200 : 503, JSON.stringify({ status: ready ? 'ready' : 'not ready', reasons }));
	}

	return (incoming, outgoing) => {
		// A slash too many is no reason to lose events: SvelteKit would answer with a redirect, which no beacon may follow.
		const route = routeOf.get(decoded(incoming.path).replace(/(.)\/$/, '$1'));
		if (route) return answerRoute(route, incoming, outgoing);
		if (incoming.path !== '/healthz' && incoming.path !== '/readyz') return null;
		if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
			const body = errorBody('method_not_allowed', 'Only GET and HEAD.');
			outgoing.send(405, [['content-type', 'application/json'], ['allow', 'GET, HEAD']], body); // prettier-ignore
			return Promise.resolve();
		}
		if (incoming.path === '/readyz') return answerReadiness(outgoing);
		sendJson(outgoing, 200, '{"status":"ok"}');
		return Promise.resolve();
	};
}

/** A path with its escapes read: SvelteKit reads them too, and would answer a route past its limits. */
function decoded(path: string): string {
	if (!path.includes('%')) return path;
	try {
		return decodeURIComponent(path);
	} catch {
		return path;
	}
}

export interface RouterOptions extends ApiRouterOptions {
	files: StaticFiles;
	kit: KitHandler;
}

/** Answers every request; never rejects. */
export function createRouter(options: RouterOptions): Answer {
	const answerApi = createApiRouter(options);
	const { files, kit, clientOf, log } = options;

	async function answerPage(incoming: Incoming, outgoing: Outgoing, client: Client): Promise<void> {
		const { method, headers } = incoming;
		const hasBody = method !== 'GET' && method !== 'HEAD';
		const body = hasBody ? await incoming.readBody(MAX_PAGE_BODY_BYTES) : null;
		if (body?.kind === 'aborted') return;
		if (body?.kind === 'too_large') {
			sendJson(outgoing, 413, errorBody('body_too_large', `The body has more than ${MAX_PAGE_BODY_BYTES} bytes.`));
			return;
		}
		let request: Request;
		try {
			const url = new URL(
				`${client.isSecure ? 'https' : 'http'}://${headers.host ?? ''}${incoming.path}${incoming.query && `?${incoming.query}`}`
			);
			const list = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
			const bytes = body?.bytes.length ? new Uint8Array(body.bytes) : null;
			request = new Request(url, { method, headers: list, signal: incoming.signal, body: bytes });
		} catch {
			// A Host that is none, a header of impossible characters, a method that no fetch allows (TRACE, CONNECT).
			sendJson(outgoing, 400, errorBody('bad_request', 'This is not a request that a page can answer.'));
			return;
		}
		await sendResponse(outgoing, await kit(request, client.address));
	}

	return async (incoming, bare) => {
		const client = clientOf(incoming.address, (name) => incoming.headers[name]);
		const outgoing = withSafety(bare, client.isSecure);
		try {
			if (!incoming.path.startsWith('/')) {
				sendJson(outgoing, 400, errorBody('bad_request', 'The path must begin with a slash.'));
				return;
			}
			const answered = answerApi(incoming, outgoing);
			if (answered) await answered;
			else if (!answerFile(files, incoming, outgoing)) await answerPage(incoming, outgoing, client);
		} catch (error) {
			if (incoming.signal.aborted) return;
			log.error({ err: error, method: incoming.method, path: incoming.path }, 'a request failed');
			sendJson(outgoing, 500, errorBody('internal', 'The server failed.'));
		}
	};
}

function sendJson(outgoing: Outgoing, status: number, body: string): void {
	outgoing.send(status, [['content-type', 'application/json'], ['cache-control', 'no-store']], body); // prettier-ignore
}

function sendAnswer(outgoing: Outgoing, answer: ApiAnswer): void {
	outgoing.send(answer.status, Object.entries(answer.headers), answer.body);
}

async function sendResponse(outgoing: Outgoing, response: Response): Promise<void> {
	const length = response.headers.get('content-length');
	const headers: HeaderList = [...response.headers].filter(([name]) => name !== 'content-length');
	if (!response.body) outgoing.send(response.status, headers, '');
	else if (length !== null && Number(length) <= MAX_BUFFERED_BYTES) {
		outgoing.send(response.status, headers, new Uint8Array(await response.arrayBuffer()));
	} else await outgoing.stream(response.status, headers, response.body);
}
