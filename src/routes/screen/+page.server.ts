/**
 * Opening a screen by its link. The secret stands behind the #, which no browser sends; the page sends it in a form, as
 * does whoever pastes the link. The browser gets a cookie of its own, by which it sees the wall and nothing else.
 */
import { fail, redirect } from '@sveltejs/kit';
import { cookieName, cookieOptions } from '$lib/server/access/asking';
import { actorOf } from '$lib/server/access/audit';
import { fromOf } from '$lib/server/access/browser';
import { Buckets } from '$lib/server/access/buckets';
import { DISPLAY_COOKIE_S, endDisplay, openDisplay } from '$lib/server/access/displays';
import { networkOf } from '$lib/server/access/limits';
import { screenOfLink } from '$lib/server/access/screens';
import { textOf } from '$lib/ui/form';
import type { Actions, PageServerLoad, RequestEvent } from './$types';

/** Of an address: enough for all walls of a house after a power cut, too few to be a load. */
const attempts = new Buckets({ perSecond: 0.5, burst: 60 });
const LONGEST_SECRET = 1_000;

const WHY_NOT = {
	unknown: 'This link opens nothing: it is mistyped, or there is a newer one. Ask an administrator for it.',
	revoked: 'This screen was revoked. Ask an administrator for a new one.',
	expired: "This screen's time is over. Ask an administrator to extend it."
};

export const load: PageServerLoad = ({ locals: { visitor }, cookies, url, setHeaders }) => {
	setHeaders({ 'cache-control': 'no-store' });
	const isSecure = url.protocol === 'https:';
	const isScreen = visitor.kind === 'screen';
	return {
		isSecure,
		/** The screen that this browser shows. */
		screen: isScreen ? visitor.name : null,
		/** It showed one that is over. */
		isOver: !isScreen && cookies.get(cookieName('display', isSecure)) !== undefined,
		/** Somebody is logged in here, and would see their own Control Room. */
		user: visitor.kind === 'user' ? visitor.name : null
	};
};

export const actions: Actions = {
	open: async (event) => {
		const { locals, cookies, url } = event;
		const { visitor, pipeline } = locals;
		const from = fromOf(event);
		const waitSeconds = attempts.take(networkOf(from.address));
		if (waitSeconds > 0) {
			event.setHeaders({ 'retry-after': String(waitSeconds) });
			return fail(429, { message: `Too many attempts. Try again in ${waitSeconds} seconds.` });
		}
		if (visitor.kind === 'user')
			return fail(409, { message: `${visitor.name} is logged in in this browser. Log out, and open the link again.` });
		const { sql } = pipeline.access;
		const text = textOf(await event.request.formData(), 'secret')
			.trim()
			.slice(-LONGEST_SECRET);
		const link = await screenOfLink(sql, text.slice(text.indexOf('#') + 1));
		if (typeof link === 'string') return fail(410, { message: WHY_NOT[link] });
		// The same link once more: the browser shows it already.
		if (visitor.kind === 'screen' && visitor.id === link.id) redirect(303, wallOf(url));
		if (visitor.kind === 'screen') await dropDisplay(event);
		const secret = await openDisplay(sql, link.id, from, actorOf(event));
		if (secret === null) return fail(410, { message: WHY_NOT.revoked });
		const isSecure = url.protocol === 'https:';
		cookies.set(cookieName('display', isSecure), secret, cookieOptions(isSecure, DISPLAY_COOKIE_S));
		redirect(303, wallOf(url));
	},
	/** This browser is to be no screen any more. */
	leave: async (event) => {
		if (event.locals.visitor.kind === 'screen') await dropDisplay(event);
		const isSecure = event.url.protocol === 'https:';
		event.cookies.delete(cookieName('display', isSecure), { path: '/', secure: isSecure });
		redirect(303, '/');
	}
};

async function dropDisplay(event: RequestEvent): Promise<void> {
	const { visitor, pipeline } = event.locals;
	await endDisplay(pipeline.access.sql, visitor.login ?? '', actorOf(event));
}

/** The wall, as the link wants it: with ?theme=light, for instance. */
function wallOf({ searchParams }: URL): string {
	const params = new URLSearchParams([...searchParams].filter(([name]) => !name.startsWith('/')));
	return params.size > 0 ? `/?${params}` : '/';
}
