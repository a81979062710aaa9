import { asksWhole } from '$lib/query';
import { pageQuery } from '$lib/ui/page/frame';
import type { PageServerLoad } from './$types';

/** What AI requests cost in the range, by the same read as the API's. */
export const load: PageServerLoad = async (event) => {
	const { costs, shopNames } = event.locals.pipeline.pages;
	const query = await pageQuery(event, { fallback: 'now-7d', filters: costs.filters });
	const [overview, shops] = await Promise.all([
		costs.overview(query, asksWhole(event.url.searchParams)),
		shopNames(query.shops)
	]);
	return { frame: query.frame, filters: query.filters, overview, shops };
};
