import { buckets, CURSOR } from '$lib/query';
import { given, pageQuery } from '$lib/ui/page/frame';
import type { PageServerLoad } from './$types';

/** Errors in groups, or one by one (`view=list`), with their sums. */
export const load: PageServerLoad = async (event) => {
	const { errors, shopNames } = event.locals.pipeline.pages;
	const query = await pageQuery(event, {
		fallback: 'now-24h',
		filters: { ...errors.filters.list, ...errors.filters.groups, view: 'text' }
	});
	const { frame, now, zone, range, filters } = query;
	const cursor = event.url.searchParams.get(CURSOR);
	const times = buckets(range, zone, now);
	const isList = filters.view === 'list';
	// Sums by device are in no tally: rather none than others than the list's.
	const isCounted = !isList || [filters.device, filters.os, filters.browser].every((filter) => filter === null);
	const group = isList ? filters.group : null;
	const [shops, overview, groups, list] = await Promise.all([
		shopNames(),
		isCounted ? errors.overview(range, { ...filters, group }, times) : null,
		isList ? null : errors.groups({ now, zone, range, filters, cursor }),
		isList ? errors.list({ range, filters, cursor }) : null
	]);
	return { frame, times, shops, overview, groups: given(groups), list: given(list) };
};
