/**
 * What holds for every request that SvelteKit answers: who asks is looked up and what they may is decided here, before any
 * route runs (see access/policy.ts); no other site's page sends anything; and a fault has an id that the user can quote and
 * the log knows.
 */
import { json, redirect, text, type Handle, type HandleServerError, type RequestEvent } from '@sveltejs/kit';
import errorPage from './error.html?raw';
import { bearerOf, cookieName, isFromElsewhere, type Asking } from '$lib/server/access/asking';
import { PageLimits } from '$lib/server/access/limits';
import { keepsTo, ruleOf } from '$lib/server/access/policy';
import { may, NOBODY } from '$lib/server/access/visitor';
import { errorBody, STATUS_OF, type ErrorCode } from '$lib/server/errors';

/** Take what comes from anywhere: shops' pages send beacons there, Shopify signs. Neither looks at a cookie. */
const FROM_ANYWHERE = ['/api/analytics/events', '/api/webhooks/shopify'];

/** Here once: they are asked in this file alone. */
const limits = new PageLimits();

/** What no page does, the demo's camera apart. */
const FORBIDDEN_TO_PAGES = ['display-capture', 'geolocation', 'hid', 'microphone', 'midi', 'payment', 'serial', 'usb'];
const FORBIDDEN = FORBIDDEN_TO_PAGES.map((name) => `${name}=()`).join(', ');

/** What a form, or a script without a preflight, can send. */
const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain', ''];

export const handle: Handle = async (input) => {
	const response = await answer(input);
	const { pathname } = input.event.url;
	response.headers.set('cross-origin-opener-policy', 'same-origin');
	// Every page says who looks at it, one that does not exist as well: it is nobody else's, whatever cache lies between.
	if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store');
	response.headers.set('permissions-policy', `camera=${pathname === '/demo' ? '(self)' : '()'}, ${FORBIDDEN}`);
	// A script that is not there any more: without this, the shop's browser would speak of CORS instead of 404.
	if (pathname.startsWith('/sdk/')) {
		response.headers.set('access-control-allow-origin', '*');
		response.headers.set('cross-origin-resource-policy', 'cross-origin');
	}
	return response;
};

const answer: Handle = async ({ event, resolve }) => {
	const { request, platform, url } = event;
	if (!platform) throw new Error('the server that runs SvelteKit did not hand over its platform');
	const { access } = platform.pipeline;
	event.locals.pipeline = platform.pipeline;
	event.locals.log = platform.log;
	event.locals.visitor = NOBODY;
	event.locals.scoped = false;
	const asking = askingOf(event);
	const waitSeconds = limits.atTheDoor(asking);
	if (waitSeconds > 0) return tooMany(event, waitSeconds);
	if (FROM_ANYWHERE.includes(event.route.id ?? '')) return resolve(event);

	const safe = request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS';
	if (!safe && bearerOf(asking) === undefined && isFromElsewhere(asking, access.reach)) {
		if (isOfApi(url)) return refusal('forbidden', 'This was sent by a page of another site.');
		return text(`Cross-site ${request.method} form submissions are forbidden`, { status: 403 });
	}
	event.locals.visitor = await access.visitor(asking);
	const waitToo = limits.of(event.locals.visitor, asking);
	if (waitToo > 0) return tooMany(event, waitToo);
	const refused = event.route.id === null ? null : refuse(event, event.route.id);
	if (refused) return refused;
	// Endpoints read their own bodies.
	if (!safe && !isOfApi(url)) {
		const unreadable = await refusedForm(request, url);
		if (unreadable) return unreadable;
	}
	return ofOwnShops(event, await resolve(event));
};

/** The answer, unless it may have been read without regard to the shops that the visitor sees: then they do not get it. */
function ofOwnShops(event: RequestEvent, response: Response): Response {
	const { route, locals } = event;
	// Nothing was read where there is no such page or method.
	if (route.id === null || response.status === STATUS_OF.method_not_allowed) return response;
	if (keepsTo(locals.visitor, route.id, locals.scoped)) return response;
	locals.log.error(
		{ route: route.id },
		'a route does not keep to the shops of those who see some alone: it is not answered to them'
	);
	return refusalOf(event, 'forbidden', 'This is not for those who see some shops alone.');
}

export const handleError: HandleServerError = ({ error: fault, event, status, message }) => {
	if (status < 500) return { message };
	const errorId = crypto.randomUUID().slice(0, 8);
	const about = { err: fault, errorId, method: event.request.method, path: event.url.pathname };
	event.platform?.log.error(about, 'a page failed');
	return { message, errorId };
};

function askingOf(event: RequestEvent): Asking {
	return {
		headers: event.request.headers,
		cookie: (name) => event.cookies.get(name),
		address: event.getClientAddress(),
		isSecure: event.url.protocol === 'https:'
	};
}

/** The answer to whoever may not; null to whoever may. */
function refuse(event: RequestEvent, routeId: string): Response | null {
	const { locals, request, url } = event;
	const { visitor } = locals;
	if (may(visitor, ruleOf(routeId, request.method))) return null;
	if (visitor.kind === 'nobody') {
		if (isOfApi(url)) return refusal('unauthorized', 'Send an API token as "Authorization: Bearer …", or log in.');
		// A wall whose screen is over: nobody who stands before it has a password, but somebody may bring a new link.
		const display = event.cookies.get(cookieName('display', url.protocol === 'https:'));
		if (url.pathname === '/' && display !== undefined) redirect(303, '/screen');
		redirect(303, `/login?to=${encodeURIComponent(url.pathname + url.search)}`);
	}
	return refusalOf(event, 'forbidden', `${visitor.name} may not do this here.`);
}

function tooMany(event: RequestEvent, waitSeconds: number): Response {
	const message = `Too many requests. Try again in ${waitSeconds === 1 ? 'a second' : `${waitSeconds} seconds`}.`;
	return refusalOf(event, 'rate_limited', message, { 'retry-after': String(waitSeconds) });
}

/** In the shape that whoever asks can read: the API's, SvelteKit's own for its scripts, or a page. */
function refusalOf(
	{ url, request, isDataRequest }: RequestEvent,
	code: ErrorCode,
	message: string,
	headers: Record<string, string> = {}
): Response {
	if (isOfApi(url)) return refusal(code, message, headers);
	const options = { status: STATUS_OF[code], headers: { 'cache-control': 'no-store', ...headers } };
	if (isDataRequest || !(request.headers.get('accept') ?? '').includes('text/html')) return json({ message }, options);
	const page = errorPage
		.replaceAll('%sveltekit.status%', String(options.status))
		.replaceAll('%sveltekit.error.message%', () => message.replaceAll(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`));
	return new Response(page, {
		...options,
		headers: { ...options.headers, 'content-type': 'text/html; charset=utf-8' }
	});
}

function isOfApi(url: URL): boolean {
	return url.pathname.startsWith('/api/');
}

/** What SvelteKit would fail over, with 500: a form that cannot be read, and an action that every object has. */
async function refusedForm(request: Request, url: URL): Promise<Response | null> {
	const action = [...url.searchParams.keys()].find((name) => name.startsWith('/'))?.slice(1);
	if (action !== undefined && action in Object.prototype) return refusal('not_found', 'There is no such action.');
	if (request.body === null || !isForm(request)) return null;
	try {
		await request.clone().formData();
		return null;
	} catch {
		return refusal('bad_request', 'The form cannot be read.');
	}
}

/** In the shape that errors of the API have. */
function refusal(code: ErrorCode, message: string, more: Record<string, string> = {}): Response {
	const headers: Record<string, string> = { 'cache-control': 'no-store', ...more };
	if (code === 'unauthorized') headers['www-authenticate'] = 'Bearer';
	const body: unknown = JSON.parse(errorBody(code, message));
	return json(body, { status: STATUS_OF[code], headers });
}

function isForm(request: Request): boolean {
	const type = (request.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
	return FORM_TYPES.includes(type.trim().toLowerCase());
}
