import { CURSOR } from '$lib/query';
import { given, pageQuery } from '$lib/ui/page/frame';
import type { PageServerLoad } from './$types';

/** AI requests one by one, with how many they are and what they cost. */
export const load: PageServerLoad = async (event) => {
	const { costs, shopNames } = event.locals.pipeline.pages;
	const {
		frame,
		range,
		filters,
		shops: own
	} = await pageQuery(event, { fallback: 'now-7d', filters: costs.requestFilters });
	const cursor = event.url.searchParams.get(CURSOR);
	const [list, sums, shops] = await Promise.all([
		costs.requests({ range, filters, cursor }),
		costs.requestSums({ range, filters }),
		shopNames(own)
	]);
	return { frame, list: given(list), sums: given(sums), shops };
};
