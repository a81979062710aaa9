/** Product set-ups, filtered as their page filters them; as CSV all that match. */
import { isFault } from '$lib/query';
import type { CsvColumn } from '$lib/server/api/csv';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import { exported, iso, limitFault, MOST_ROWS } from '$lib/server/api/rows';
import type { SetupRow } from '$lib/server/read/setups';
import type { RequestHandler } from './$types';

const COLUMNS: readonly CsvColumn<SetupRow>[] = [
	{ name: 'shop_domain', cell: ({ shop }) => shop },
	{ name: 'product_id', cell: ({ productId }) => productId },
	{ name: 'state', cell: ({ state }) => state },
	{ name: 'abandoned_at_step', cell: ({ abandonedAtStep }) => abandonedAtStep },
	{ name: 'started_at', cell: ({ startedAt }) => iso(startedAt) },
	{ name: 'completed_at', cell: ({ completedAt }) => iso(completedAt) },
	{ name: 'state_at', cell: ({ stateAt }) => iso(stateAt) },
	{ name: 'begun', cell: ({ begun }) => begun },
	{ name: 'images', cell: ({ images }) => images }
];

export const GET: RequestHandler = (event) => {
	const { setups } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: { ...setups.filters, limit: 'whole' }, from: 'now-30d' },
		async (asked) => {
			const { limit } = asked.filters;
			const wrong = limitFault(limit);
			if (wrong) return wrong;
			const [list, counted] = await Promise.all([setups.list({ ...asked, limit: limit ?? 50 }), setups.count(asked)]);
			return isFault(list) ? list : { rows: list.rows, ...counted, nextCursor: list.next };
		},
		(asked) => exported('set-ups', COLUMNS, (cursor) => setups.list({ ...asked, cursor, limit: MOST_ROWS }))
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
