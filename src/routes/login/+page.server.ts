/** Logging in: always by a new login, whatever cookie the browser had, and without saying which names there are. */
import { fail, redirect } from '@sveltejs/kit';
import { note } from '$lib/server/access/audit';
import { fromOf, keepLogin } from '$lib/server/access/browser';
import { logIn } from '$lib/server/access/logins';
import { isUser, userWith } from '$lib/server/access/users';
import { NOBODY } from '$lib/server/access/visitor';
import { textOf } from '$lib/ui/form';
import type { Actions, PageServerLoad } from './$types';

const LONGEST_NAME = 200;
const LONGEST_PASSWORD = 1_000;

export const load: PageServerLoad = ({ locals, url, setHeaders }) => {
	setHeaders({ 'cache-control': 'no-store' });
	const { visitor, pipeline } = locals;
	if (visitor.kind === 'user' || visitor.kind === 'open') redirect(303, placeOf(url));
	return { isSecure: url.protocol === 'https:', isFirst: !pipeline.access.hasUsers };
};

export const actions: Actions = {
	default: async (event) => {
		const { access } = event.locals.pipeline;
		const form = await event.request.formData();
		const name = textOf(form, 'name').slice(0, LONGEST_NAME);
		const from = fromOf(event);
		const waitSeconds = access.attempts(name, from.address);
		if (waitSeconds > 0) {
			event.setHeaders({ 'retry-after': String(waitSeconds) });
			return fail(429, { name, message: `Too many attempts. Try again in ${waitSeconds} seconds.` });
		}
		const user = await userWith(access.sql, name, textOf(form, 'password').slice(0, LONGEST_PASSWORD));
		if (!user) {
			// What is no user's name may be a password that went into the wrong field, and the audit keeps it for ever.
			const object = (await isUser(access.sql, name)) ? name : 'a name that nobody has';
			await note(access.sql, { visitor: NOBODY, address: from.address }, { action: 'login.failed', object });
			return fail(401, { name, message: 'That is not a name and its password.' });
		}
		await keepLogin(event, await logIn(access.sql, user, from));
		redirect(303, placeOf(event.url));
	}
};

/** Where to go on: a place of this server, or its beginning. */
function placeOf(url: URL): string {
	const to = url.searchParams.get('to') ?? '/';
	const place = to.startsWith('/') && URL.canParse(to, url.origin) ? new URL(to, url.origin) : null;
	if (place?.origin !== url.origin || place.pathname === '/login') return '/';
	// What begins with two slashes names another host: "/.//host" becomes that.
	return place.pathname.replace(/^\/+/, '/') + place.search;
}
