/** AI requests one by one, filtered as their page filters them; as CSV all that match. */
import { isFault } from '$lib/query';
import type { CsvColumn } from '$lib/server/api/csv';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import { exported, iso, limitFault, MOST_ROWS } from '$lib/server/api/rows';
import type { AiRequestRow } from '$lib/server/read/costs';
import type { RequestHandler } from './$types';

const COLUMNS: readonly CsvColumn<AiRequestRow>[] = [
	{ name: 'id', cell: ({ id }) => id },
	{ name: 'request_id', cell: ({ requestId }) => requestId },
	{ name: 'occurred_at', cell: ({ at }) => iso(at) },
	{ name: 'session_id', cell: ({ sessionId }) => sessionId },
	{ name: 'shop_domain', cell: ({ shop }) => shop },
	{ name: 'provider', cell: ({ provider }) => provider },
	{ name: 'model', cell: ({ model }) => model },
	{ name: 'operation', cell: ({ operation }) => operation },
	{ name: 'step', cell: ({ step }) => step },
	{ name: 'status', cell: ({ status }) => status },
	{ name: 'duration_ms', cell: ({ durationMs }) => durationMs },
	{ name: 'cost_usd', cell: ({ cost }) => cost },
	{ name: 'estimated_cost_usd', cell: ({ estimate }) => estimate },
	{ name: 'is_regeneration', cell: ({ isRegeneration }) => isRegeneration },
	{ name: 'regeneration_reason', cell: ({ reason }) => reason },
	{ name: 'error_message', cell: ({ error }) => error }
];

export const GET: RequestHandler = (event) => {
	const { costs } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: { ...costs.requestFilters, limit: 'whole' }, from: 'now-7d' },
		async (asked) => {
			const { limit } = asked.filters;
			const wrong = limitFault(limit);
			if (wrong) return wrong;
			const [list, sums] = await Promise.all([
				costs.requests({ ...asked, limit: limit ?? 50 }),
				costs.requestSums(asked)
			]);
			if (isFault(list)) return list;
			if (isFault(sums)) return sums;
			const { requests, cost, isLeast } = sums;
			return { rows: list.rows, count: requests, cost, isLeast, lookedTo: list.lookedTo, nextCursor: list.next };
		},
		(asked) => exported('ai-requests', COLUMNS, (cursor) => costs.requests({ ...asked, cursor, limit: MOST_ROWS }))
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
