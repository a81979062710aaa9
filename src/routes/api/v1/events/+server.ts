/** The event log, filtered as its page filters it; as CSV all that match. */
import { fault, isFault, type QueryFault } from '$lib/query';
import { allPages, csvResponse, type CsvColumn } from '$lib/server/api/csv';
import { answer } from '$lib/server/api/list';
import { methodNotAllowed } from '$lib/server/api/respond';
import type { LoggedEvent } from '$lib/server/read/events/list';
import type { RequestHandler } from './$types';

const MOST_ROWS = 500;
/** An event can have 64 KiB: of a file that is streamed, no more than a few MB are in memory. */
const ROWS_AT_ONCE = 100;

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());

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
	{ name: 'ip', cell: ({ ip }) => ip }
];

export const GET: RequestHandler = (event) => {
	const { events } = event.locals.pipeline.pages;
	return answer(
		event,
		{ filters: { ...events.filters, limit: 'whole' }, from: 'now-24h' },
		async (asked) => {
			const limit = asked.filters.limit ?? undefined;
			if (limit !== undefined && (limit < 1 || limit > MOST_ROWS)) {
				return fault('limit', `“limit” must be from 1 to ${MOST_ROWS}.`);
			}
			const list = await events.list({ ...asked, ...(limit === undefined ? {} : { limit }) });
			if (isFault(list)) return list;
			const { rows, count, isLeast, lookedTo, next } = list;
			return { rows, count, isLeast, lookedTo, nextCursor: next };
		},
		async (asked): Promise<Response | QueryFault> => {
			const pageAt = (cursor: string | null) => events.page({ ...asked, cursor, limit: ROWS_AT_ONCE });
			const first = await pageAt(null);
			if (isFault(first)) return first;
			return csvResponse(
				'events',
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
