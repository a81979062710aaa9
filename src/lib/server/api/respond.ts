/** Answers of the API's own endpoints among the pages, in the shape that all of it has. */
import { errorBody, STATUS_OF } from '../errors';

/** The answer to a method that a path does not have. @param allow those that it has */
export function methodNotAllowed(allow: string): Response {
	const body = errorBody('method_not_allowed', `Use ${allow}.`);
	const headers = { 'content-type': 'application/json', 'access-control-allow-origin': '*', allow };
	return new Response(body, { status: STATUS_OF.method_not_allowed, headers });
}
