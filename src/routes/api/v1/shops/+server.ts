/** Shops with their figures, filtered as their page filters them; as CSV all that match. */
import { fault, isFault, type QueryFault } from '$lib/query';
import { allPages, csvResponse, type CsvColumn } from '$lib/server/api/csv';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { ShopRow } from '$lib/server/read/shops/list';
import type { RequestHandler } from './$types';

const MOST_ROWS = 500;

const COLUMNS: readonly CsvColumn<ShopRow>[] = [
	{ name: 'shop_domain', cell: ({ domain }) => domain },
	{ name: 'sessions', cell: ({ sessions }) => sessions },
	{ name: 'in_progress', cell: ({ inProgress }) => inProgress },
	{ name: 'completed', cell: ({ completed }) => completed },
	{ name: 'ai_cost_usd', cell: ({ cost }) => cost },
	{ name: 'errors', cell: ({ errors }) => errors },
	{ name: 'first_seen_at', cell: ({ firstSeenAt }) => new Date(firstSeenAt).toISOString() },
	{ name: 'last_session_at', cell: ({ lastSessionAt: at }) => (at === null ? null : new Date(at).toISOString()) },
	{ name: 'attention', cell: ({ attention }) => attention.map(({ why }) => why).join(' ') }
];

export const GET: RequestHandler = (event) => {
	const { shops } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: { ...shops.filters, limit: 'whole' }, from: 'now-7d' },
		async (asked) => {
			const limit = asked.filters.limit ?? undefined;
			if (limit !== undefined && (limit < 1 || limit > MOST_ROWS)) {
				return fault('limit', `“limit” must be from 1 to ${MOST_ROWS}.`);
			}
			const list = await shops.list({ ...asked, ...(limit === undefined ? {} : { limit }) });
			if (isFault(list)) return list;
			const { rows, edges, count, active, inNeed, isLeast, total, unnamed, next } = list;
			return { rows, edges, count, active, inNeed, isLeast, total, unnamed, nextCursor: next };
		},
		async (asked): Promise<Response | QueryFault> => {
			const pageAt = (cursor: string | null) => shops.list({ ...asked, cursor, limit: MOST_ROWS });
			const first = await pageAt(null);
			if (isFault(first)) return first;
			return csvResponse(
				'shops',
				COLUMNS,
				allPages(async (cursor) => {
					const page = cursor === null ? first : await pageAt(cursor);
					if (isFault(page)) throw new Error(page.message);
					return page;
				})
			);
		}
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
