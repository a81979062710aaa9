/**
 * The event log, newest first by when the server received them. All events of a batch have one time, so the order goes on
 * by shop and id, and a cursor holds all three: nothing is skipped or repeated, however many have the same time.
 */
import { isFault, readCursor, writeCursor, type Direction, type QueryFault } from '../../../query';
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { millis, type Fragment } from '../columns';
import { filterFault, hasTried, inOrder, isTallied, latest, LOOKED, matches, shopKeyOf, type EventsOf } from './questions'; // prettier-ignore
import { countTallied } from './series';
import {
	descending,
	listPage,
	micros,
	momentFault,
	momentOfMicros,
	upToEdge,
	type Counted,
	type LookedPage
} from '../keyset';

/** An event of the log. */
export interface LoggedEvent {
	id: string;
	type: string;
	session: string | null;
	shop: string | null;
	/** What orders events: client time where there is one, else server time. */
	at: Millis;
	clientTime: Millis | null;
	serverTime: Millis;
	/** By how much the client's clock was set right, in milliseconds. */
	clockShiftMs: number;
	data: unknown;
	device: unknown;
	userAgent: string | null;
	ip: string | null;
	/** The write key that vouched for it; null: none did. */
	keyId: string | null;
}

export interface EventsAsked extends EventsOf {
	cursor: string | null;
	limit?: number;
}

export type EventPage = LookedPage<LoggedEvent>;

/** Where an event stands in the log. */
interface Key {
	micros: number;
	shopKey: string;
	id: string;
}

const READ_WITHIN_MS = 10_000;
const SHAPE = { list: 'events', sort: 'received', key: ['number', 'text', 'text'] } as const;

/** A page of the events that match, without their number: for whoever reads page after page. */
export async function eventPage(
	sql: Sql,
	{ range, filters, cursor: text, limit = 50 }: EventsAsked
): Promise<EventPage | QueryFault> {
	const wrong = filterFault(filters);
	if (wrong) return wrong;
	const cursor = readCursor(text, SHAPE);
	if (isFault(cursor)) return cursor;
	const madeUp = cursor && momentFault(cursor.key[0]);
	if (madeUp) return madeUp;
	const { way, beyond } = descending(sql, cursor);
	const order = sql`server_timestamp ${way}, shop_key ${way}, id ${way}`;
	const cursorAt = (direction: Direction, { micros: at, shopKey, id }: Key) =>
		writeCursor(SHAPE, direction, [at, shopKey, id]);
	const tried = hasTried(filters);
	const place = cursor && {
		at: momentOfMicros(sql, cursor.key[0]),
		key: sql`(${cursor.key[1]}::text collate "C", ${cursor.key[2]}::text collate "C")`
	};
	// The time by itself as well: it is what the index can begin at.
	const behind = place
		? sql`server_timestamp ${beyond}= ${place.at}
			and (server_timestamp ${beyond} ${place.at} or (${shopKeyOf(sql)}, id) ${beyond} ${place.key})`
		: sql`true`;
	const looked = inOrder(sql, { range, filters }, behind, order, tried ? LOOKED : limit + 1);

	const read = await within(
		READ_WITHIN_MS,
		sql<(Key & { row: LoggedEvent })[]>`
			select
				${micros(sql, 'logged.server_timestamp')} as micros,
				logged.shop_key as "shopKey",
				logged.id,
				(select to_json(line) from (select ${eventColumns(sql)}) as line) as row
			from (${looked}) as logged
			where ${tried ? matches(sql, filters) : sql`true`}
			order by ${order}
			limit ${limit + 1}`
	);
	const page = listPage(read, limit, cursor?.direction ?? null, cursorAt);
	const list = { ...page, rows: page.rows.map(({ row }) => row), lookedTo: null };
	if (read.length > limit || !tried) return list;
	const [edge] = await within(
		READ_WITHIN_MS,
		sql<(Key & { at: Millis })[]>`
			select
				${micros(sql, 'server_timestamp')} as micros, shop_key as "shopKey", id,
				${millis(sql, 'server_timestamp')} as at
			from (${looked}) as logged
			order by ${order}
			offset ${LOOKED - 1}`
	);
	return upToEdge(list, cursor?.direction ?? null, edge, cursorAt);
}

/** A page of the events that match, with how many match in all. */
export async function eventList(
	sql: Sql,
	asked: EventsAsked,
	sums: Sql = sql
): Promise<(EventPage & Counted) | QueryFault> {
	const count = countEvents(isTallied(asked.filters) ? sums : sql, asked);
	const [page, counted] = await Promise.all([eventPage(sql, asked), count]);
	return isFault(page) ? page : { ...page, ...counted };
}

/** How many events match: exactly where tallies know, else of the LOOKED latest. */
export async function countEvents(sql: Sql, { range, filters }: EventsOf): Promise<Counted> {
	if (isTallied(filters)) return within(READ_WITHIN_MS, countTallied(sql, range, filters));
	const [counted] = await within(
		READ_WITHIN_MS,
		sql<Counted[]>`
			select count(*) filter (where ${matches(sql, filters)})::int as count, count(*) = ${LOOKED} as "isLeast"
			from (${latest(sql, { range, filters })}) as logged`
	);
	return counted ?? { count: 0, isLeast: false };
}

/** The columns of a LoggedEvent, from a relation that is called `logged`. */
function eventColumns(sql: Sql): Fragment {
	return sql`
		logged.id,
		logged.event_type as type,
		logged.session_id as session,
		logged.shop_domain as shop,
		${millis(sql, 'logged.event_time')} as at,
		${millis(sql, 'logged.client_timestamp')} as "clientTime",
		${millis(sql, 'logged.server_timestamp')} as "serverTime",
		logged.clock_shift_ms::float8 as "clockShiftMs",
		logged.data,
		logged.device_context as device,
		logged.user_agent as "userAgent",
		logged.ip,
		logged.key_id as "keyId"`;
}
