import { error } from '@sveltejs/kit';
import { sees } from '$lib/server/access/visitor';
import { pageQuery, UNKNOWN_SHOP } from '$lib/ui/page/frame';
import { asksWhole, buckets } from '$lib/query';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async (event) => {
	const { frame, now, zone, range } = await pageQuery(event, {
		fallback: 'now-7d',
		filters: {},
		keeps: 'shops'
	});
	const times = buckets(range, zone, now);
	const { domain } = event.params;
	if (!sees(event.locals.visitor, domain)) error(404, UNKNOWN_SHOP);
	const shop = await event.locals.pipeline.pages.shops.shop(domain, range, times, asksWhole(event.url.searchParams));
	if (shop === null) error(404, UNKNOWN_SHOP);
	return { frame, times, shop };
};
