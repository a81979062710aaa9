/** Single errors, filtered as their page filters them; as CSV all that match. */
import { isFault } from '$lib/query';
import type { CsvColumn } from '$lib/server/api/csv';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import { exported, iso, limitFault, MOST_ROWS } from '$lib/server/api/rows';
import type { ErrorRow } from '$lib/server/read/errors/list';
import type { RequestHandler } from './$types';

const COLUMNS: readonly CsvColumn<ErrorRow>[] = [
	{ name: 'id', cell: ({ id }) => id },
	{ name: 'occurred_at', cell: ({ at }) => iso(at) },
	{ name: 'shop_domain', cell: ({ shop }) => shop },
	{ name: 'session_id', cell: ({ sessionId }) => sessionId },
	{ name: 'error_code', cell: ({ code }) => code },
	{ name: 'error_message', cell: ({ message }) => message },
	{ name: 'severity', cell: ({ severity }) => severity },
	{ name: 'step', cell: ({ step }) => step },
	{ name: 'is_user_facing', cell: ({ isUserFacing }) => isUserFacing },
	{ name: 'device_type', cell: ({ deviceType }) => deviceType },
	{ name: 'os', cell: ({ os }) => os },
	{ name: 'browser', cell: ({ browser }) => browser },
	{ name: 'group', cell: ({ group }) => group }
];

export const GET: RequestHandler = (event) => {
	const { errors } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: { ...errors.filters.list, limit: 'whole' }, from: 'now-24h' },
		async (asked) => {
			const { limit } = asked.filters;
			const wrong = limitFault(limit);
			if (wrong) return wrong;
			const [list, counted] = await Promise.all([errors.list({ ...asked, limit: limit ?? 50 }), errors.count(asked)]);
			if (isFault(list)) return list;
			return { rows: list.rows, ...counted, lookedTo: list.lookedTo, nextCursor: list.next };
		},
		(asked) => exported('errors', COLUMNS, (cursor) => errors.list({ ...asked, cursor, limit: MOST_ROWS }))
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
