import { EVENT_DATA } from '$lib/events/families';
import { given, pageQuery } from '$lib/ui/page/frame';
import type { PageServerLoad } from './$types';

/** The sessions that the address asks for, with what its filters can choose from. */
export const load: PageServerLoad = async (event) => {
	const { pages } = event.locals.pipeline;
	const query = await pageQuery(event, { fallback: 'now-7d', filters: pages.sessions.filters });
	const { frame, range, filters } = query;
	const cursor = event.url.searchParams.get('cursor');
	const [list, shops] = await Promise.all([
		pages.sessions.list({ range, filters, cursor }),
		pages.shopNames(query.shops)
	]);
	return { frame, list: given(list), by: filters.by ?? 'started', shops, eventTypes: Object.keys(EVENT_DATA) };
};
