/** Sessions, filtered as their page filters them; as CSV all that match. */
import { fault, isFault, type QueryFault } from '$lib/query';
import { allPages, csvResponse, type CsvColumn } from '$lib/server/api/csv';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { SessionRow } from '$lib/server/read/sessions';
import type { RequestHandler } from './$types';

const MOST_ROWS = 500;

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());

const COLUMNS: readonly CsvColumn<SessionRow>[] = [
	{ name: 'session_id', cell: ({ sessionId }) => sessionId },
	{ name: 'shop_domain', cell: ({ shop }) => shop },
	{ name: 'product_title', cell: ({ product }) => product },
	{ name: 'status', cell: ({ status }) => status },
	{ name: 'started_at', cell: ({ startedAt }) => iso(startedAt) },
	{ name: 'ended_at', cell: ({ endedAt }) => iso(endedAt) },
	{ name: 'duration_ms', cell: ({ durationMs }) => durationMs },
	{ name: 'current_step', cell: ({ currentStep }) => currentStep },
	{ name: 'steps_completed', cell: ({ steps }) => steps.filter(({ status }) => status === 'completed').length },
	{ name: 'abandonment_step', cell: ({ abandonmentStep }) => abandonmentStep },
	{ name: 'abandonment_reason', cell: ({ abandonmentReason }) => abandonmentReason },
	{ name: 'device_type', cell: ({ deviceType }) => deviceType },
	{ name: 'error_count', cell: ({ errorCount }) => errorCount },
	{ name: 'total_ai_cost', cell: ({ aiCost }) => aiCost },
	{ name: 'post_ar_action', cell: ({ postArAction }) => postArAction },
	{ name: 'added_to_cart', cell: ({ addedToCart }) => addedToCart }
];

export const GET: RequestHandler = (event) => {
	const { sessions } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: { ...sessions.filters, limit: 'whole' }, from: 'now-7d' },
		async (asked) => {
			// Not a condition on the rows: those that are left are the list's own.
			const { limit: most, ...filters } = asked.filters;
			const limit = most ?? undefined;
			if (limit !== undefined && (limit < 1 || limit > MOST_ROWS)) {
				return fault('limit', `“limit” must be from 1 to ${MOST_ROWS}.`);
			}
			const list = await sessions.list({ ...asked, filters, ...(limit === undefined ? {} : { limit }) });
			if (isFault(list)) return list;
			const { rows, count, isLeast, lookedTo, next } = list;
			return { rows, count, isLeast, lookedTo, nextCursor: next };
		},
		async (asked): Promise<Response | QueryFault> => {
			const { limit, ...filters } = { ...asked.filters, limit: MOST_ROWS };
			const pageAt = (cursor: string | null) => sessions.page({ ...asked, filters, cursor, limit });
			const first = await pageAt(null);
			if (isFault(first)) return first;
			return csvResponse(
				'sessions',
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
