/** What could not be an event, newest first, with the beginning of its bytes as text. */
import { isFault, readCursor, writeCursor, type FilterValues, type QueryFault } from '../../query';
import type { Millis } from '../../live/messages';
import type { Sql } from '../db/connect';
import { within } from '../db/within';
import { millis } from './columns';
import { descending, listPage, micros, momentFault, momentOfMicros, type ListPage } from './keyset';

export const REJECTED_FILTERS = {
	/** With those that have been replayed. */
	replayed: 'flag'
} as const;

export interface RejectedRow {
	id: string;
	at: Millis;
	reason: string;
	bytes: number;
	/** The beginning of what came, printable; bytes that are no text are �. */
	text: string;
	userAgent: string | null;
	ip: string | null;
	replayedAt: Millis | null;
}

export interface RejectedAsked {
	filters: FilterValues<typeof REJECTED_FILTERS>;
	cursor: string | null;
	limit?: number;
}

export interface RejectedList extends ListPage<RejectedRow> {
	/** Those that have not been replayed; counted up to MOST_COUNTED. */
	open: number;
	isLeast: boolean;
}

/** A rejected event as it is replayed. */
export interface KeptEvent {
	raw: Uint8Array;
	reason: string;
	at: Millis;
	userAgent: string | null;
	ip: string | null;
	isReplayed: boolean;
}

const READ_WITHIN_MS = 10_000;
const SHAPE = { list: 'rejected', sort: 'received', key: ['number', 'text'] } as const;
const SHOWN_BYTES = 8_192;
const MOST_COUNTED = 10_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @param sql a pool that commits do not need */
export function rejected(sql: Sql) {
	return {
		filters: REJECTED_FILTERS,
		list: (asked: RejectedAsked) => rejectedList(sql, asked),
		/** The kept bytes; null when there is no such rejected event. */
		async kept(id: string): Promise<KeptEvent | null> {
			if (!UUID.test(id)) return null;
			const [row] = await within(
				READ_WITHIN_MS,
				sql<KeptEvent[]>`
					select
						raw, reason, ${millis(sql, 'received_at')} as at, user_agent as "userAgent", ip,
						replayed_at is not null as "isReplayed"
					from rejected_events
					where id = ${id}`
			);
			return row ?? null;
		}
	};
}

async function rejectedList(
	sql: Sql,
	{ filters, cursor: text, limit = 25 }: RejectedAsked
): Promise<RejectedList | QueryFault> {
	const cursor = readCursor(text, SHAPE);
	if (isFault(cursor)) return cursor;
	const madeUp = cursor && momentFault(cursor.key[0]);
	if (madeUp) return madeUp;
	if (cursor && !UUID.test(cursor.key[1])) return rejectedList(sql, { filters, cursor: null, limit });
	const { way, beyond } = descending(sql, cursor);
	const behind = cursor
		? sql`(received_at, id) ${beyond} (${momentOfMicros(sql, cursor.key[0])}, ${cursor.key[1]}::uuid)`
		: sql`true`;
	const [read, [counted]] = await within(
		READ_WITHIN_MS,
		Promise.all([
			sql<(Omit<RejectedRow, 'text'> & { micros: number; beginning: Uint8Array })[]>`
				select
					id, ${micros(sql, 'received_at')} as micros, ${millis(sql, 'received_at')} as at, left(reason, 500) as reason,
					octet_length(raw) as bytes, substring(raw for ${SHOWN_BYTES}::int) as beginning,
					left(user_agent, 500) as "userAgent", ip, ${millis(sql, 'replayed_at')} as "replayedAt"
				from rejected_events
				where ${filters.replayed === true ? sql`true` : sql`replayed_at is null`} and ${behind}
				order by received_at ${way}, id ${way}
				limit ${limit + 1}`,
			sql<{ open: number }[]>`
				select count(*)::int as open
				from (select from rejected_events where replayed_at is null limit ${MOST_COUNTED + 1}) as counted`
		])
	);
	const page = listPage(read, limit, cursor?.direction ?? null, (direction, row) =>
		writeCursor(SHAPE, direction, [row.micros, row.id])
	);
	const open = counted?.open ?? 0;
	return {
		...page,
		rows: page.rows.map(({ id, at, reason, bytes, beginning, userAgent, ip, replayedAt }) => {
			return { id, at, reason, bytes, text: printable(beginning), userAgent, ip, replayedAt };
		}),
		open: Math.min(open, MOST_COUNTED),
		isLeast: open > MOST_COUNTED
	};
}

const utf8 = new TextDecoder('utf-8');
/** Controls, and what turns the direction of text around it. */
// eslint-disable-next-line no-control-regex -- just these are meant
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Bytes as text that can be looked at: what has no look of its own is written as an escape. */
export function printable(bytes: Uint8Array): string {
	return utf8.decode(bytes).replace(UNSEEN, (unseen) => `\\u${unseen.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
