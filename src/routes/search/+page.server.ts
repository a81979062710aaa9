import { pageQuery } from '$lib/ui/page/frame';
import type { PageServerLoad } from './$types';

/** What is found by a part of its name: what Ctrl K does, as a page. */
export const load: PageServerLoad = async (event) => {
	const query = await pageQuery(event, { fallback: 'now-7d', filters: { q: 'text' }, keeps: 'shops' });
	const { frame, filters, shops } = query;
	const text = filters.q ?? '';
	return { frame, text, found: await event.locals.pipeline.pages.search(text, shops, 20) };
};
