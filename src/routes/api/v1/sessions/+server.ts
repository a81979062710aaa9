/** Sessions, filtered as their page filters them; as CSV all that match. */
import { isFault } from '$lib/query';
import type { CsvColumn } from '$lib/server/api/csv';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import { exported, iso, limitFault, MOST_ROWS } from '$lib/server/api/rows';
import type { SessionRow } from '$lib/server/read/sessions';
import type { RequestHandler } from './$types';

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
			const { limit, ...filters } = asked.filters;
			const wrong = limitFault(limit);
			if (wrong) return wrong;
			const list = await sessions.list({ ...asked, filters, limit: limit ?? 50 });
			if (isFault(list)) return list;
			const { rows, count, isLeast, lookedTo, next } = list;
			return { rows, count, isLeast, lookedTo, nextCursor: next };
		},
		(asked) => {
			const { limit, ...filters } = { ...asked.filters, limit: MOST_ROWS };
			return exported('sessions', COLUMNS, (cursor) => sessions.page({ ...asked, filters, cursor, limit }));
		}
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
