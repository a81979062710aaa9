/** How the operations under /api/v1 answer: JSON, or the same rows as CSV where the address asks for it by `format=csv`. */
import type { Cookies } from '@sveltejs/kit';
import { isFault, type FilterSpec, type QueryFault } from '../../query';
import { errorBody, STATUS_OF, type ErrorCode } from '../errors';
import { readAsked, type Asked, type Question } from './asked';

interface Event {
	url: URL;
	cookies: Cookies;
	locals: {
		visitor: { shops: readonly string[] | null };
		/** Set here: from then on the answer keeps to the visitor's shops. */
		scoped: boolean;
		log: { error: (about: object, message: string) => void };
	};
}

const HEADERS = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };

/** An answer in the shape that every error has. */
export function failure(code: ErrorCode, message: string): Response {
	return new Response(errorBody(code, message), { status: STATUS_OF[code], headers: HEADERS });
}

/** What was found, as JSON; 400 for what cannot be asked, 404 for what does not exist. */
export function found(value: unknown): Response {
	if (isFault(value)) return failure('invalid_query', value.message);
	if (value === null) return failure('not_found', 'There is no such thing.');
	return new Response(JSON.stringify(value), { headers: HEADERS });
}

/** Answers an operation that reads the address. `csv` is for those that have rows to export. */
export async function answer<S extends FilterSpec>(
	event: Event,
	question: Question<S>,
	read: (asked: Asked<S>) => Promise<unknown>,
	csv?: (asked: Asked<S>) => Response | QueryFault | Promise<Response | QueryFault>
): Promise<Response> {
	const { url, cookies, locals } = event;
	locals.scoped = true;
	const asked = readAsked({ url, cookies, shops: locals.visitor.shops }, question);
	if (asked === 'forbidden') return failure('forbidden', 'This is not for those who see some shops alone.');
	if (asked === 'unknown' || isFault(asked)) return found(isFault(asked) ? asked : null);
	const format = event.url.searchParams.get('format') ?? 'json';
	if (format !== 'json' && (format !== 'csv' || !csv)) {
		return failure('invalid_query', csv ? '“format” must be json or csv.' : '“format” must be json.');
	}
	try {
		const answered = format === 'csv' && csv ? await csv(asked) : await read(asked);
		return answered instanceof Response ? answered : found(answered);
	} catch (error) {
		event.locals.log.error({ err: error, path: event.url.pathname }, 'an operation of the API failed');
		return failure('internal', 'The server failed, or the question took too long. Ask for less, or again later.');
	}
}
