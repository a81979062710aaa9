import { ACTIONS } from '$lib/server/access/audit';
import { CURSOR } from '$lib/query';
import { given, pageQuery } from '$lib/ui/page/frame';
import type { PageServerLoad } from './$types';

/** What people did, for administrators. */
export const load: PageServerLoad = async (event) => {
	const { audit } = event.locals.pipeline.pages;
	const { frame, filters } = await pageQuery(event, { fallback: 'now-24h', filters: audit.filters });
	const list = given(await audit.list({ filters, cursor: event.url.searchParams.get(CURSOR) }));
	return { frame, list, actions: ACTIONS };
};
