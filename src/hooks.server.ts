/**
 * What holds for every request that SvelteKit answers: pages find the pipeline in `locals`, no other site's form is
 * taken, and a fault has an id that the user can quote and the log knows.
 */
import { text, type Handle, type HandleServerError } from '@sveltejs/kit';
import { isForeign } from '$lib/server/http/origin';

/** Shops' pages send events here, as beacons of type text/plain: it takes every origin, and has no standing to abuse. */
const INGEST = '/api/analytics/events';

/** What a form, or a script without a preflight, can send. */
const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain', ''];

export const handle: Handle = async ({ event, resolve }) => {
	const { request, platform, url } = event;
	if (!platform) throw new Error('the server that runs SvelteKit did not hand over its platform');
	event.locals.pipeline = platform.pipeline;
	event.locals.log = platform.log;
	const safe = request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS';
	if (!safe && url.pathname !== INGEST && isForm(request)) {
		const { headers } = request;
		if (isForeign(headers.get('origin'), headers.get('host'), platform.publicOrigins)) {
			return text(`Cross-site ${request.method} form submissions are forbidden`, { status: 403 });
		}
	}
	const response = await resolve(event);
	response.headers.set('x-content-type-options', 'nosniff');
	response.headers.set('referrer-policy', 'same-origin');
	// A script that is not there any more: without this, the shop's browser would speak of CORS instead of 404.
	if (url.pathname.startsWith('/sdk/')) response.headers.set('access-control-allow-origin', '*');
	return response;
};

export const handleError: HandleServerError = ({ error, event, status, message }) => {
	if (status < 500) return { message };
	const errorId = crypto.randomUUID().slice(0, 8);
	const fault = { err: error, errorId, method: event.request.method, path: event.url.pathname };
	event.platform?.log.error(fault, 'a page failed');
	return { message, errorId };
};

function isForm(request: Request): boolean {
	const type = (request.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
	return FORM_TYPES.includes(type.trim().toLowerCase());
}
