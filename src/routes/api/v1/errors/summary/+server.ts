/** How many errors there are in a range, of how many groups, and whom they hit: the sums of their page. */
import { buckets, fault } from '$lib/query';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = (event) => {
	const { errors } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: errors.filters.groups, from: 'now-24h' },
		async ({ range, zone, now, filters, scope }) => {
			const unknown = errors.uncounted(filters);
			if (unknown) return fault(unknown, `Sums are not made by ${unknown}. Ask for single errors.`);
			const times = buckets(range, zone, now);
			return {
				unit: times.unit,
				edges: times.edges,
				...(await errors.overview({ now, range, filters, times, scope }))
			};
		}
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
