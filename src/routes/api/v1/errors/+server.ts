/** Errors in groups, filtered as their page filters them; as CSV all groups that match. */
import { isFault } from '$lib/query';
import type { CsvColumn } from '$lib/server/api/csv';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import { exported, iso, limitFault, MOST_ROWS } from '$lib/server/api/rows';
import type { ErrorGroupRow } from '$lib/server/read/errors/groups';
import type { RequestHandler } from './$types';

const COLUMNS: readonly CsvColumn<ErrorGroupRow>[] = [
	{ name: 'group', cell: ({ group }) => group },
	{ name: 'error_code', cell: ({ code }) => code },
	{ name: 'message_shape', cell: ({ shape }) => shape },
	{ name: 'state', cell: ({ state }) => state },
	{ name: 'errors', cell: ({ errors }) => errors },
	{ name: 'sessions', cell: ({ sessions }) => sessions },
	{ name: 'sessions_is_least', cell: ({ sessionsAtLeast }) => sessionsAtLeast },
	{ name: 'shops', cell: ({ shops }) => shops },
	{ name: 'severities', cell: ({ severities }) => severities.join(' ') },
	{ name: 'steps', cell: ({ steps }) => steps.filter(Boolean).join(' ') },
	{ name: 'first_seen_at', cell: ({ firstSeenAt }) => iso(firstSeenAt) },
	{ name: 'last_seen_at', cell: ({ lastSeenAt }) => iso(lastSeenAt) },
	{ name: 'acknowledged_by', cell: ({ acknowledgedBy }) => acknowledgedBy },
	{ name: 'resolved_by', cell: ({ resolvedBy }) => resolvedBy },
	{ name: 'example_session_id', cell: ({ exampleSession }) => exampleSession }
];

export const GET: RequestHandler = (event) => {
	const { errors } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: { ...errors.filters.groups, limit: 'whole' }, from: 'now-24h' },
		async (asked) => {
			const { limit } = asked.filters;
			const wrong = limitFault(limit);
			if (wrong) return wrong;
			const list = await errors.groups({ ...asked, limit: limit ?? 50 });
			if (isFault(list)) return list;
			const { rows, count, times, range, next } = list;
			return { rows, count, range, trendEdges: times.edges, nextCursor: next };
		},
		(asked) => exported('error-groups', COLUMNS, (cursor) => errors.groups({ ...asked, cursor, limit: MOST_ROWS }))
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
