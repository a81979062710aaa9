/** The answers that operations share: JSON, and the errors with their codes. */
import { z } from 'zod';
import { STATUS_OF, type ErrorCode } from '../errors';
import type { Answer } from './operation';

/** Pages of any origin may read such an answer. */
export const OPEN = { 'Access-Control-Allow-Origin': z.literal('*') };
const RETRY_AFTER = { 'Retry-After': z.string().regex(/^\d+$/).describe('Seconds.') };
/** What a path answers to other methods. */
const ALLOW = { Allow: z.string().describe('The methods that the path has.') };
export const UNCACHED = { 'Cache-Control': z.literal('no-store') };

const MEANING: Record<ErrorCode, string> = {
	bad_request: 'It is not a request that can be answered.',
	invalid_query: 'A parameter of the query is not one that can be read.',
	invalid_json: 'The body is not JSON.',
	invalid_batch: 'The body is JSON, but neither a batch, nor an array, nor an event with a type.',
	invalid_gzip: 'The body says that it is gzip, and is not.',
	unauthorized: 'Nobody is logged in, and no API token that holds came with it.',
	invalid_signature: 'The signature is missing, is not of this body, or the server has no secret to tell it by.',
	key_required: 'The shop’s events need a write key, and none came.',
	invalid_key: 'The write key or the signature is not one that holds for this request.',
	forbidden:
		'Not for whoever asks: their role, the scopes of their token or their shops do not include it; or a page of another site sent it.',
	not_found: 'There is no such thing.',
	method_not_allowed: 'The path has no such method: `Allow` names those that it has.',
	conflict: 'Not as things are now.',
	body_too_large:
		'The body is larger than the path takes: 1 MiB of events, as it came or once gunzipped; 64 KiB of a webhook.',
	too_many_events: 'The batch has more than 1,000 events.',
	unsupported_media_type: 'The content type is neither JSON, nor text/plain, nor absent.',
	unsupported_encoding: 'The content encoding is neither gzip nor identity.',
	rate_limited: 'Too much in too short a time: from there, or with this write key.',
	internal: 'The server failed. Sending the same again is safe.',
	queue_full: 'Too much is waiting to be committed.',
	database_unavailable: 'The database is away, or did not commit in time.',
	shutting_down: 'The server is about to end.'
};

/** An answer of JSON. */
export function json(description: string, schema: z.ZodType, headers: Record<string, z.ZodType> = {}): Answer {
	return { description, headers, content: { 'application/json': schema } };
}

/** The answers with these error codes, by status. */
export function failures(codes: readonly ErrorCode[], headers: Record<string, z.ZodType> = {}): Record<number, Answer> {
	const answers: Record<number, Answer> = {};
	for (const status of new Set(codes.map((code) => STATUS_OF[code]))) {
		const own = codes.filter((code) => STATUS_OF[code] === status);
		const more = MORE_HEADERS[status] ?? {};
		answers[status] = json(DESCRIPTION[status], errorSchema(own), { ...headers, ...more });
	}
	return answers;
}

const MORE_HEADERS: Partial<Record<number, Record<string, z.ZodType>>> = {
	401: { 'WWW-Authenticate': z.literal('Bearer') },
	405: ALLOW,
	429: RETRY_AFTER,
	503: RETRY_AFTER
};

const DESCRIPTION: Record<(typeof STATUS_OF)[ErrorCode], string> = {
	400: 'The request makes no sense. Sending the same again will not help.',
	401: 'Say who you are: log in, or send an API token.',
	403: 'Not for you.',
	404: 'There is nothing at this address.',
	405: 'The answer to any other method on this path.',
	409: 'It can not be done as things are now.',
	413: 'Too much at once. Send it in several parts.',
	415: 'The body is of a kind that is not read here.',
	429: 'Too often. `Retry-After` says when it is worth trying again.',
	500: 'A fault of the server.',
	503: 'It cannot be done now. It may have been done all the same: sending the same again later is safe.'
};

/** The body of an error with one of these codes. */
export function errorSchema(codes: readonly ErrorCode[]): z.ZodType {
	const words = codes.map((code) => z.literal(code).describe(MEANING[code]));
	return z.strictObject({
		error: z.strictObject({
			code: z.union(words).describe('For programs: it stays the same.'),
			message: z.string().describe('For people: it may change.')
		})
	});
}
