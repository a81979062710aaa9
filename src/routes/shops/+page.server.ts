import { given, pageQuery } from '$lib/ui/page/frame';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async (event) => {
	const { shops } = event.locals.pipeline.pages;
	const { frame, range, filters } = await pageQuery(event, { fallback: 'now-7d', filters: shops.filters });
	const list = given(await shops.list({ range, filters, cursor: event.url.searchParams.get('cursor') }));
	return { frame, list };
};
