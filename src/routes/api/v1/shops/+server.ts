/** Shops with their figures, filtered as their page filters them; as CSV all that match. */
import { isFault } from '$lib/query';
import type { CsvColumn } from '$lib/server/api/csv';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import { exported, iso, limitFault, MOST_ROWS } from '$lib/server/api/rows';
import type { ShopRow } from '$lib/server/read/shops/list';
import type { RequestHandler } from './$types';

const COLUMNS: readonly CsvColumn<ShopRow>[] = [
	{ name: 'shop_domain', cell: ({ domain }) => domain },
	{ name: 'sessions', cell: ({ sessions }) => sessions },
	{ name: 'in_progress', cell: ({ inProgress }) => inProgress },
	{ name: 'completed', cell: ({ completed }) => completed },
	{ name: 'ai_cost_usd', cell: ({ cost }) => cost },
	{ name: 'errors', cell: ({ errors }) => errors },
	{ name: 'first_seen_at', cell: ({ firstSeenAt }) => iso(firstSeenAt) },
	{ name: 'last_session_at', cell: ({ lastSessionAt }) => iso(lastSessionAt) },
	{ name: 'attention', cell: ({ attention }) => attention.map(({ why }) => why).join(' ') }
];

export const GET: RequestHandler = (event) => {
	const { shops } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: { ...shops.filters, limit: 'whole' }, from: 'now-7d', keeps: 'shops' },
		async (asked) => {
			const { limit } = asked.filters;
			const wrong = limitFault(limit);
			if (wrong) return wrong;
			const list = await shops.list({ ...asked, limit: limit ?? 50 });
			if (isFault(list)) return list;
			const { rows, edges, count, active, inNeed, isLeast, total, unnamed, next } = list;
			return { rows, edges, count, active, inNeed, isLeast, total, unnamed, nextCursor: next };
		},
		(asked) => exported('shops', COLUMNS, (cursor) => shops.list({ ...asked, cursor, limit: MOST_ROWS }))
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
