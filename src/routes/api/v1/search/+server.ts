/** What is found by a part of its name. */
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = (event) =>
	answer(event, { filters: { q: 'text' }, from: 'now-7d' }, ({ filters }) =>
		event.locals.pipeline.pages.search(filters.q ?? '')
	);

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
