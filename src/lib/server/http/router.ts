/**
 * Who answers a request: the routes that spare SvelteKit (ingest first of all), then the two health checks, then the
 * built client's files, and SvelteKit for everything else. The same for both servers, and in part for the dev server.
 */
import type { Logger } from 'pino';
import { errorBody } from '../errors';
import type { Readiness } from '../pipeline';
import type { Answer, HeaderList, Incoming, Outgoing } from './connection';
import type { ApiAnswer, ApiRoute } from './exchange';
import { answerFile, type StaticFiles } from './files';

/** SvelteKit's bodies are forms; what is larger than this is none. */
const MAX_PAGE_BODY_BYTES = 1024 * 1024;
/** An answer up to this size is sent whole, which spares the chunks. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** Answers as SvelteKit does. `address` is the peer's. */
export type KitHandler = (request: Request, address: string) => Promise<Response>;

/** Answers a request if it is one of its own; the promise is null if it is not. */
export type ApiRouter = (incoming: Incoming, outgoing: Outgoing) => Promise<void> | null;

export interface ApiRouterOptions {
	routes: readonly ApiRoute[];
	readiness: () => Promise<Readiness>;
	log: Logger;
}

/** The routes and the health checks. */
export function createApiRouter({ routes, readiness, log }: ApiRouterOptions): ApiRouter {
	const routeOf = new Map(routes.map((route) => [route.path, route]));

	async function answerRoute(route: ApiRoute, incoming: Incoming, outgoing: Outgoing): Promise<void> {
		const { method, path, query, address, headers } = incoming;
		const request = { method, path, query, address, header: (name: string) => headers[name] };
		const body = await incoming.readBody(route.maxBodyBytes);
		if (body.kind === 'aborted') return;
		if (body.kind === 'too_large') {
			sendAnswer(outgoing, route.bodyTooLarge(request));
			return;
		}
		try {
			sendAnswer(outgoing, await route.handle({ ...request, body: body.bytes }));
		} catch (error) {
			log.error({ err: error, path }, 'a route failed to answer by itself');
			sendJson(outgoing, 500, errorBody('internal', 'The server failed. Send it again.'));
		}
	}

	async function answerReadiness(outgoing: Outgoing): Promise<void> {
		const { ready, reasons } = await readiness().catch((error: unknown) => {
			log.error({ err: error }, 'readiness is unknown');
			return { ready: false, reasons: ['readiness is unknown'] };
		});
		sendJson(outgoing, ready ? 200 : 503, JSON.stringify({ status: ready ? 'ready' : 'not ready', reasons }));
	}

	return (incoming, outgoing) => {
		// A slash too many is no reason to lose events: SvelteKit would answer with a redirect, which no beacon may follow.
		const route = routeOf.get(incoming.path.replace(/(.)\/$/, '$1'));
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

export interface RouterOptions extends ApiRouterOptions {
	files: StaticFiles;
	kit: KitHandler;
}

/** Answers every request; never rejects. */
export function createRouter(options: RouterOptions): Answer {
	const answerApi = createApiRouter(options);
	const { files, kit, log } = options;

	async function answerPage(incoming: Incoming, outgoing: Outgoing): Promise<void> {
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
			const url = new URL(`http://${headers.host ?? ''}${incoming.path}${incoming.query && `?${incoming.query}`}`);
			const list = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
			const bytes = body?.bytes.length ? new Uint8Array(body.bytes) : null;
			request = new Request(url, { method, headers: list, signal: incoming.signal, body: bytes });
		} catch {
			// A Host that is none, a header of impossible characters, a method that no fetch allows (TRACE, CONNECT).
			sendJson(outgoing, 400, errorBody('bad_request', 'This is not a request that a page can answer.'));
			return;
		}
		await sendResponse(outgoing, await kit(request, incoming.address));
	}

	return async (incoming, outgoing) => {
		try {
			if (!incoming.path.startsWith('/')) {
				sendJson(outgoing, 400, errorBody('bad_request', 'The path must begin with a slash.'));
				return;
			}
			const answered = answerApi(incoming, outgoing);
			if (answered) await answered;
			else if (!answerFile(files, incoming, outgoing)) await answerPage(incoming, outgoing);
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
