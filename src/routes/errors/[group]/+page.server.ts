import { error, fail, redirect, type RequestEvent } from '@sveltejs/kit';
import { ERROR_ACKNOWLEDGED, ERROR_REOPENED, ERROR_RESOLVED } from '$lib/events/vocabulary';
import { noteOf } from '$lib/server/access/audit';
import { asksWhole, buckets, withParams } from '$lib/query';
import { pageQuery } from '$lib/ui/page/frame';
import type { Actions, PageServerLoad } from './$types';

/** Who said it last in this browser, where nobody logs in. */
const AUTHOR_COOKIE = 'by';
const YEAR_S = 365 * 86_400;
const LONGEST_NAME = 80;

/** One group of errors, and the sums of its range. */
export const load: PageServerLoad = async (event) => {
	const { errors } = event.locals.pipeline.pages;
	await toItsShop(event);
	const query = await pageQuery(event, { fallback: 'now-24h', filters: {}, keeps: 'scope' });
	const { frame, now, zone, range, scope } = query;
	const { group } = event.params;
	if (!/^[0-9a-f]{32}$/.test(group)) error(404, 'No error of this group is known.');
	const times = buckets(range, zone, now);
	const filters = { shop: scope, severity: [], step: [], state: [], q: null, group };
	const [known, overview] = await Promise.all([
		errors.group(group, range, now, scope, asksWhole(event.url.searchParams)),
		errors.overview({ now, range, filters, times, scope })
	]);
	if (known === null) error(404, 'No error of this group is known.');
	return { frame, times, group: known, overview, by: nameOf(event) };
};

/** Whoever sees some shops alone and names none is sent to the one of them that had such an error last. */
async function toItsShop({ url, params, locals }: Parameters<PageServerLoad>[0]): Promise<void> {
	const { visitor, pipeline } = locals;
	if (visitor.shops === null || visitor.shops.length < 2 || url.searchParams.get('shop')) return;
	const group = /^[0-9a-f]{32}$/.test(params.group) ? params.group : '';
	const shop = await pipeline.pages.errors.shopWith(group, visitor.shops);
	if (shop === null) return;
	// Looked for among their own shops alone.
	locals.scoped = true;
	redirect(307, withParams(url, { shop }));
}

export const actions: Actions = {
	acknowledge: (event) => say(event, ERROR_ACKNOWLEDGED),
	resolve: (event) => say(event, ERROR_RESOLVED),
	reopen: (event) => say(event, ERROR_REOPENED)
};

const NOTED = {
	[ERROR_ACKNOWLEDGED]: 'error.acknowledged',
	[ERROR_RESOLVED]: 'error.resolved',
	[ERROR_REOPENED]: 'error.reopened'
} as const;

/** What a form may call its sender; null: they are known by their login. */
function nameOf({ locals: { visitor }, cookies }: Pick<RequestEvent, 'locals' | 'cookies'>): string | null {
	return visitor.kind === 'user' ? null : (cookies.get(AUTHOR_COOKIE) ?? '');
}

/** Puts into the log what somebody says of the group, and shows the page as it is then. */
async function say(event: RequestEvent<{ group: string }>, type: keyof typeof NOTED) {
	const { locals, request, cookies, url, params } = event;
	const now = Date.now();
	const known = await locals.pipeline.pages.errors.group(params.group, { from: now - 1, to: now }, now, null);
	if (known === null) error(404, 'No error of this group is known.');
	const isKnown = locals.visitor.kind === 'user';
	const by = isKnown ? locals.visitor.name : nameIn(await request.formData());
	if (by && !isKnown) {
		const secure = url.protocol === 'https:';
		cookies.set(AUTHOR_COOKIE, by, { path: '/', maxAge: YEAR_S, sameSite: 'lax', httpOnly: true, secure });
	}
	const outcome = await locals.pipeline.record(type, { group: params.group, by: by || 'somebody' });
	if ('code' in outcome) return fail(503, { message: outcome.message });
	await noteOf(event, { action: NOTED[type], object: params.group, detail: isKnown ? {} : { by: by || 'somebody' } });
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
