import { pageQuery } from '$lib/ui/page/frame';
import type { PageServerLoad } from './$types';

/** What is found by a part of its name: what Ctrl K does, as a page. */
export const load: PageServerLoad = async (event) => {
	const { frame, filters } = await pageQuery(event, { fallback: 'now-7d', filters: { q: 'text' } });
	const text = filters.q ?? '';
	return { frame, text, found: await event.locals.pipeline.pages.search(text, 20) };
};
