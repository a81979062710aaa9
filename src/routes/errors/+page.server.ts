import { redirect } from '@sveltejs/kit';
import { asksWhole, buckets, CURSOR, withParams } from '$lib/query';
import { given, pageQuery } from '$lib/ui/page/frame';
import type { PageServerLoad } from './$types';

/** Rows have several links and bars each: more than these are long to make and to read. */
const ROWS = 20;

/** Errors in groups, or one by one (`view=list`), with their sums. */
export const load: PageServerLoad = async (event) => {
	const { errors, shopNames } = event.locals.pipeline.pages;
	const query = await pageQuery(event, {
		fallback: 'now-24h',
		filters: { ...errors.filters.groups, view: 'text' }
	});
	const { frame, now, zone, range, filters, scope } = query;
	const cursor = event.url.searchParams.get(CURSOR);
	const times = buckets(range, zone, now);
	const isList = filters.view === 'list';
	const isCounted = errors.uncounted(filters) === undefined;
	// No groups are counted by these: what was asked for can be shown one by one.
	if (!isList && !isCounted) redirect(307, withParams(event.url, { view: 'list', sort: null }));
	const [shops, overview, groups, list] = await Promise.all([
		shopNames(query.shops),
		isCounted
			? errors.overview({ now, range, filters, times, scope, isWhole: asksWhole(event.url.searchParams) })
			: null,
		isList ? null : errors.groups({ now, zone, range, filters, cursor, limit: ROWS, scope }),
		isList ? errors.list({ range, filters, cursor, limit: ROWS }) : null
	]);
	return { frame, times, shops, overview, groups: given(groups), list: given(list) };
};
