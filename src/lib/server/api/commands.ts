/** What operations that change something have in common: a body of JSON, and an answer whatever happens. */
import type { ErrorCode } from '../errors';
import { failure } from './list';

/** The body of a command, or the answer that refuses it. */
export async function commandBody(event: { request: Request }): Promise<{ body: unknown } | Response> {
	// What a form can send without a preflight is no command.
	const type = (event.request.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
	if (type !== 'application/json') return failure('unsupported_media_type', 'Send application/json.');
	try {
		const body: unknown = await event.request.json();
		return { body };
	} catch (error) {
		return failure('invalid_json', `The body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
	}
}

/** An answer of JSON with this status. */
export function answered(value: unknown, status = 200): Response {
	const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
	return new Response(JSON.stringify(value), { status, headers });
}

/** Answers with the fault of the server that the work meets, in the shape of all errors. */
export async function orFailure(
	event: { url: URL; locals: { log: { error: (about: object, message: string) => void } } },
	work: () => Promise<Response>
): Promise<Response> {
	try {
		return await work();
	} catch (error) {
		event.locals.log.error({ err: error, path: event.url.pathname }, 'an operation of the API failed');
		const code: ErrorCode = 'internal';
		return failure(code, 'The server failed. Sending the same again is safe.');
	}
}
