import { error, fail, redirect, type RequestEvent } from '@sveltejs/kit';
import { ERROR_ACKNOWLEDGED, ERROR_REOPENED, ERROR_RESOLVED } from '$lib/events/vocabulary';
import { buckets } from '$lib/query';
import { pageQuery } from '$lib/ui/page/frame';
import type { Actions, PageServerLoad } from './$types';

/** Who said it last in this browser: there are no users yet, only names. */
const AUTHOR_COOKIE = 'by';
const YEAR_S = 365 * 86_400;
const LONGEST_NAME = 80;

/** One group of errors, and the sums of its range. */
export const load: PageServerLoad = async (event) => {
	const { errors } = event.locals.pipeline.pages;
	const { frame, now, zone, range } = await pageQuery(event, { fallback: 'now-24h', filters: {} });
	const { group } = event.params;
	if (!/^[0-9a-f]{32}$/.test(group)) error(404, 'No error of this group is known.');
	const times = buckets(range, zone, now);
	const [known, overview] = await Promise.all([
		errors.group(group, range, now),
		errors.overview(range, { shop: null, severity: [], step: [], state: [], q: null, group }, times)
	]);
	if (known === null) error(404, 'No error of this group is known.');
	return { frame, times, group: known, overview, by: event.cookies.get(AUTHOR_COOKIE) ?? '' };
};

export const actions: Actions = {
	acknowledge: (event) => say(event, ERROR_ACKNOWLEDGED),
	resolve: (event) => say(event, ERROR_RESOLVED),
	reopen: (event) => say(event, ERROR_REOPENED)
};

/** Puts into the log what somebody says of the group, and shows the page as it is then. */
async function say({ locals, request, cookies, url, params }: RequestEvent<{ group: string }>, type: string) {
	const now = Date.now();
	const known = await locals.pipeline.pages.errors.group(params.group, { from: now - 1, to: now }, now);
	if (known === null) error(404, 'No error of this group is known.');
	const by = nameIn(await request.formData());
	if (by) {
		const secure = url.protocol === 'https:';
		cookies.set(AUTHOR_COOKIE, by, { path: '/', maxAge: YEAR_S, sameSite: 'lax', httpOnly: true, secure });
	}
	const outcome = await locals.pipeline.record(type, { group: params.group, by: by || 'somebody' });
	if ('code' in outcome) return fail(503, { message: outcome.message });
	const query = new URLSearchParams([...url.searchParams].filter(([name]) => !name.startsWith('/')));
	redirect(303, query.size > 0 ? `${url.pathname}?${query}` : url.pathname);
}

function nameIn(form: FormData): string {
	const text = form.get('by');
	return typeof text === 'string'
		? text
				.replaceAll(/[\p{Cc}\p{Cs}]/gu, ' ')
				.trim()
				.slice(0, LONGEST_NAME)
				.toWellFormed()
		: '';
}
