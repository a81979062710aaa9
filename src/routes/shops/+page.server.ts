import { given, pageQuery } from '$lib/ui/page/frame';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async (event) => {
	const { shops } = event.locals.pipeline.pages;
	const query = await pageQuery(event, { fallback: 'now-7d', filters: shops.filters, keeps: 'shops' });
	const { frame, range, filters } = query;
	const list = given(
		await shops.list({ range, filters, cursor: event.url.searchParams.get('cursor'), shops: query.shops })
	);
	return { frame, list };
};
