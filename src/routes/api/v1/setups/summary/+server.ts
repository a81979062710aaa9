/** What the set-ups of a range come to, and the images that were prepared: the sums of their page. */
import { buckets } from '$lib/query';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = (event) => {
	const { setups } = event.locals.pipeline.pages;
	return answer(event, { filters: setups.filters, from: 'now-30d' }, async (asked) => {
		const { range, zone, now, filters } = asked;
		const times = buckets(range, zone, now);
		const [summary, images] = await Promise.all([setups.summary(asked, times), setups.images(range, filters)]);
		return { unit: times.unit, edges: times.edges, ...summary, images };
	});
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
