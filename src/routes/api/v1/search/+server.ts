/** What is found by a part of its name. */
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = (event) =>
	answer(event, { filters: { q: 'text' }, from: 'now-7d', keeps: 'shops' }, ({ filters, shops }) =>
		event.locals.pipeline.pages.search(filters.q ?? '', shops)
	);

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
