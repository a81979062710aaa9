import { asksWhole, buckets, CURSOR } from '$lib/query';
import { given, pageQuery } from '$lib/ui/page/frame';
import type { PageServerLoad } from './$types';

/** What a page draws is most of its time. */
const ROWS = 25;

/** How products are made ready: sums, set-ups that were never finished, all set-ups, and the images. */
export const load: PageServerLoad = async (event) => {
	const { setups, shopNames } = event.locals.pipeline.pages;
	const query = await pageQuery(event, { fallback: 'now-30d', filters: setups.filters });
	const { frame, now, zone, range, filters, scope } = query;
	const times = buckets(range, zone, now);
	const unfinished = { ...filters, state: ['unfinished'], step: null, begun: null, begun_in: null };
	const isWhole = asksWhole(event.url.searchParams);
	const [shops, summary, list, waiting, images] = await Promise.all([
		shopNames(query.shops),
		setups.summary({ now, range, filters, scope }, times, isWhole),
		setups.list({ now, range, filters, cursor: event.url.searchParams.get(CURSOR), limit: ROWS, scope }),
		setups.list({ now, range, filters: unfinished, cursor: null, limit: 10, scope }),
		setups.images(range, filters, isWhole)
	]);
	return { frame, times, shops, summary, list: given(list), waiting: given(waiting), images };
};
