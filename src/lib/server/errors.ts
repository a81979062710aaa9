/**
 * The few coded errors of the server, and the one table from code to HTTP status. Expected outcomes are values;
 * what is thrown is a fault, and keeps its cause.
 */

/** A reason not to start that the operator can mend: printed as one line, then exit 1. */
export class StartupError extends Error {
	override name = 'StartupError';
}

/** Every error code that an answer can carry, with its HTTP status. */
export const STATUS_OF = {
	bad_request: 400,
	invalid_query: 400,
	invalid_json: 400,
	invalid_batch: 400,
	invalid_gzip: 400,
	unauthorized: 401,
	invalid_signature: 401,
	key_required: 401,
	invalid_key: 401,
	forbidden: 403,
	not_found: 404,
	method_not_allowed: 405,
	conflict: 409,
	body_too_large: 413,
	too_many_events: 413,
	unsupported_media_type: 415,
	unsupported_encoding: 415,
	rate_limited: 429,
	internal: 500,
	queue_full: 503,
	database_unavailable: 503,
	shutting_down: 503
} as const;

export type ErrorCode = keyof typeof STATUS_OF;

/** The body of every error answer. */
export function errorBody(code: ErrorCode, message: string): string {
	return JSON.stringify({ error: { code, message } });
}
