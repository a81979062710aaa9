/** One group of errors: what it is, whom it hit in the range, what was said of it. */
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = (event) => {
	const { errors } = event.locals.pipeline.pages;
	return answer(event, { filters: {}, from: 'now-24h', keeps: 'scope' }, ({ range, now, scope }) =>
		errors.group(event.params.group, range, now, scope)
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
