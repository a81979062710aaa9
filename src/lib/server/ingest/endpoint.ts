/**
 * The one function that answers `/api/analytics/events`, whatever server or framework the request came through.
 *
 * It says 200 only after everything that could be stored is committed durably. Always: received = stored + duplicates +
 * rejected. It never throws.
 */
import { MAX_DEPTH } from '../../events/canonical';
import type { CommitOutcome } from '../commit/committer';
import type { Batch } from '../commit/rows';
import { errorBody, STATUS_OF, type ErrorCode } from '../errors';
import { MAX_BODY_BYTES, readBody, tooLargeMessage, type Fault } from './body';
import { KEY_HEADER, keyOf, type Keyring, type Signing } from './keys';
import { MAX_EVENT_BYTES, MAX_EVENTS, parseBatch } from './parse';

/** The request, as http/exchange.ts has it. */
interface Request {
	method: string;
	header(name: string): string | undefined;
	/** Without its question mark. */
	query: string;
	body: Uint8Array;
	address: string;
}

interface Answer {
	status: number;
	headers: Record<string, string>;
	body: string;
}

/** Shops call from their own origins, without credentials: every origin may send. */
const cors = {
	'access-control-allow-origin': '*',
	'access-control-expose-headers': 'retry-after',
	// A page that asks without CORS, as beacons do, may not be told of a blocked answer.
	'cross-origin-resource-policy': 'cross-origin'
};
const json = { ...cors, 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
const METHODS = 'POST, GET, HEAD, OPTIONS';

const about = JSON.stringify({
	name: 'Control Room event endpoint',
	description:
		'POST events here as {"events": [...]}, as an array or as one event. 200 means that they are committed; the answer says how many were new, duplicates or rejected.',
	accepts: ['application/json', 'text/plain'],
	encodings: ['identity', 'gzip'],
	limits: { bodyBytes: MAX_BODY_BYTES, events: MAX_EVENTS, eventBytes: MAX_EVENT_BYTES, depth: MAX_DEPTH },
	example: {
		events: [{ type: 'session_started', sessionId: 'sess_1', shopDomain: 'example.myshopify.com', data: {} }]
	}
});

/**
 * Makes the endpoint over a committer, with the keys that batches may need. `deadlineMs` is how long a request may wait for
 * its commit.
 */
export function eventEndpoint(
	commit: (batch: Batch, deadline: number) => Promise<CommitOutcome>,
	deadlineMs: number,
	keyring: Keyring,
	log: { error(message: string): void }
) {
	/** A fault of our own still gets its answer in the contract's shape, which a shop's page may read. */
	async function handle(request: Request): Promise<Answer> {
		try {
			return await answer(request);
		} catch (error) {
			log.error(
				`the event endpoint failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
			);
			return failure('internal', 'The server failed. Send the events again.');
		}
	}

	async function answer(request: Request): Promise<Answer> {
		if (request.method === 'OPTIONS') return preflight(request);
		if (request.method === 'GET' || request.method === 'HEAD') return { status: 200, headers: json, body: about };
		if (request.method !== 'POST') {
			return failure('method_not_allowed', `Use ${METHODS}.`, { allow: METHODS });
		}
		const received = await readBody(request.body, request.header('content-type'), request.header('content-encoding'));
		if ('code' in received) return failure(received.code, received.message);
		const origin = { userAgent: request.header('user-agent') ?? null, ip: request.address };
		const now = Date.now();
		const signing = signingOf(request, received.json, now);
		if (signing && 'code' in signing) return failure(signing.code, signing.message);
		// Only now: whose key it is, is proven by the body where a server signs.
		const waitSeconds = signing?.key ? keyring.take(signing.key, request) : 0;
		if (waitSeconds > 0) return tooManyRequests(waitSeconds);
		const parsed = parseBatch(received.json, received.text, origin, now, received.bytes, signing);
		if ('code' in parsed) return failure(parsed.code, parsed.message);

		const outcome = await commit(parsed.batch, now + deadlineMs);
		if ('code' in outcome)
			return failure(outcome.code, outcome.message, { 'retry-after': String(outcome.retryAfterSeconds) });
		const rejected = [...parsed.rejections];
		for (const { index, reason } of outcome.refused) {
			rejected.push({ index: placeAmong(index, parsed.rejections), reason });
		}
		const { accepted, duplicates } = outcome;
		return {
			status: 200,
			headers: json,
			body: JSON.stringify({ success: true, processed: accepted + duplicates, accepted, duplicates, rejected })
		};
	}

	/** Who vouches for the batch; a fault where somebody has to and nobody does. Null while there are no keys. */
	function signingOf(request: Request, json: unknown, now: number): Signing | Fault | null {
		const mode = keyring.mode();
		if (mode === null) return null;
		const isRequired = mode === 'require';
		const member = typeof json === 'object' && json !== null && 'events' in json && 'key' in json ? json.key : null;
		const key = keyOf({ ...request, member }, keyring, now);
		if ('code' in key) return isRequired ? key : { key: null, isRequired };
		return { key, isRequired };
	}

	return {
		handle,
		/** The answer to a body over the limit, which nobody reads to its end. */
		bodyTooLarge: (): Answer => failure('body_too_large', tooLargeMessage),
		tooManyRequests
	};
}

/** The answer to who sends too often. */
function tooManyRequests(waitSeconds: number): Answer {
	return failure('rate_limited', `Too many requests. Send the events again in ${waitSeconds} s.`, {
		'retry-after': String(waitSeconds)
	});
}

/** An index among a batch's good events → its index in the batch, given the rejected ones in order. */
function placeAmong(index: number, rejections: readonly { index: number }[]): number {
	let place = index;
	for (const rejection of rejections) if (rejection.index <= place) place++;
	return place;
}

function preflight(request: Request): Answer {
	const asked = request.header('access-control-request-headers');
	const headers =
		asked !== undefined && /^[\w\s,-]*$/.test(asked) ? asked : `content-type, content-encoding, ${KEY_HEADER}`;
	return {
		status: 204,
		headers: {
			...cors,
			'access-control-allow-methods': METHODS,
			'access-control-allow-headers': headers,
			'access-control-max-age': '86400'
		},
		body: ''
	};
}

function failure(code: ErrorCode, message: string, headers: Record<string, string> = {}): Answer {
	return { status: STATUS_OF[code], headers: { ...json, ...headers }, body: errorBody(code, message) };
}
