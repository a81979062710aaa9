/** The event log, filtered as its page filters it; as CSV all that match. */
import { isFault } from '$lib/query';
import type { CsvColumn } from '$lib/server/api/csv';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import { exported, iso, limitFault } from '$lib/server/api/rows';
import type { LoggedEvent } from '$lib/server/read/events/list';
import type { RequestHandler } from './$types';

/** An event can have 64 KiB: of a file that is streamed, no more than a few MB are in memory. */
const ROWS_AT_ONCE = 100;

const COLUMNS: readonly CsvColumn<LoggedEvent>[] = [
	{ name: 'id', cell: ({ id }) => id },
	{ name: 'event_type', cell: ({ type }) => type },
	{ name: 'session_id', cell: ({ session }) => session },
	{ name: 'shop_domain', cell: ({ shop }) => shop },
	{ name: 'server_timestamp', cell: ({ serverTime }) => iso(serverTime) },
	{ name: 'client_timestamp', cell: ({ clientTime }) => iso(clientTime) },
	{ name: 'clock_shift_ms', cell: ({ clockShiftMs }) => clockShiftMs },
	{ name: 'data', cell: ({ data }) => JSON.stringify(data) },
	{ name: 'device_context', cell: ({ device }) => (device === null ? null : JSON.stringify(device)) },
	{ name: 'user_agent', cell: ({ userAgent }) => userAgent },
	{ name: 'ip', cell: ({ ip }) => ip },
	{ name: 'key_id', cell: ({ keyId }) => keyId }
];

export const GET: RequestHandler = (event) => {
	const { events } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: { ...events.filters, limit: 'whole' }, from: 'now-24h' },
		async (asked) => {
			const { limit } = asked.filters;
			const wrong = limitFault(limit);
			if (wrong) return wrong;
			const list = await events.list({ ...asked, limit: limit ?? 50 });
			if (isFault(list)) return list;
			const { rows, count, isLeast, lookedTo, next } = list;
			return { rows, count, isLeast, lookedTo, nextCursor: next };
		},
		(asked) => exported('events', COLUMNS, (cursor) => events.page({ ...asked, cursor, limit: ROWS_AT_ONCE }))
	);
};

export const fallback: RequestHandler = () => methodNotAllowed('GET, HEAD');
