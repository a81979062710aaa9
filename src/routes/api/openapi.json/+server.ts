/** The HTTP API as an OpenAPI document, for tools of any origin. */
import { openApi } from '$lib/server/api/document';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = ({ url }) => {
	// A deploy may change it: five minutes spare the work, and mislead nobody for long.
	const headers = { 'access-control-allow-origin': '*', 'cache-control': 'private, max-age=300' };
	return Response.json(openApi(url.origin), { headers });
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
