/**
 * The same function that the HTTP server calls before SvelteKit sees a request, for requests that do come this way:
 * SvelteKit's own `fetch` inside of load functions. No logic here.
 */
import type { RequestHandler } from './$types';

const answer: RequestHandler = async ({ request, url, locals, getClientAddress }) => {
	const route = locals.pipeline.routes.find(({ path }) => path === url.pathname);
	if (!route) return new Response(null, { status: 404 });
	const asked = {
		method: request.method,
		path: url.pathname,
		query: url.search.slice(1),
		header: (name: string) => request.headers.get(name) ?? undefined,
		address: getClientAddress()
	};
	const body = new Uint8Array(await request.arrayBuffer());
	const tooLarge = body.byteLength > route.maxBodyBytes;
	const { status, headers, body: text } = tooLarge ? route.bodyTooLarge(asked) : await route.handle({ ...asked, body });
	return new Response(status === 204 ? null : text, { status, headers });
};

export const GET = answer;
export const POST = answer;
export const OPTIONS = answer;
export const fallback = answer;
