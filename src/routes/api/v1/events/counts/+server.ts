/** How many events of each type there were, over time and by shop. */
import { buckets } from '$lib/query';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = (event) => {
	const { events } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: { type: 'words', shop: 'text' }, from: 'now-24h' },
		async ({ now, zone, range, filters: { type, shop } }) => {
			const times = buckets(range, zone, now);
			const filters = { type, shop, session: null, q: null, field: null, value: null, signed: null };
			const { types } = await events.series(range, filters, times);
			const { shops } = await events.shops(range, type, shop);
			return { unit: times.unit, edges: times.edges, types, shops };
		}
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
