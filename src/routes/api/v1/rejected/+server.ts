/** What could not be an event, newest first. */
import { fault, isFault } from '$lib/query';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

const MOST_ROWS = 100;

export const GET: RequestHandler = (event) => {
	const { rejected } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: { ...rejected.filters, limit: 'whole' }, from: 'now-24h' },
		async ({ filters, cursor }) => {
			const limit = filters.limit ?? undefined;
			if (limit !== undefined && (limit < 1 || limit > MOST_ROWS)) {
				return fault('limit', `“limit” must be from 1 to ${MOST_ROWS}.`);
			}
			const list = await rejected.list({ filters, cursor, ...(limit === undefined ? {} : { limit }) });
			if (isFault(list)) return list;
			const { rows, open, isLeast, next } = list;
			return { rows, open, isLeast, nextCursor: next };
		}
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
