import { error } from '@sveltejs/kit';
import { pageQuery } from '$lib/ui/page/frame';
import { buckets } from '$lib/query';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async (event) => {
	const { frame, now, zone, range } = await pageQuery(event, { fallback: 'now-7d', filters: {} });
	const times = buckets(range, zone, now);
	const shop = await event.locals.pipeline.pages.shops.shop(event.params.domain, range, times);
	if (shop === null) error(404, 'No event has named this shop yet');
	return { frame, times, shop };
};
