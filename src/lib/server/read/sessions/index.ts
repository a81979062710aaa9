/**
 * Sessions as lists show them, newest first: a page at a time by keys, along an index in the order of the list. What has
 * no index is tried on so many rows in that order; how far that looked is part of the answer, and the next page goes on
 * from there. A filter by a group of errors, a product or a type of event that few sessions have starts from those.
 */
import type { Millis, SessionCard } from '../../../live/messages';
import { isFault, readCursor, writeCursor, type Cursor, type CursorShape, type Direction, type QueryFault, type Range } from '../../../query'; // prettier-ignore
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { cardColumns } from '../wall/cards';
import type { Fragment } from '../columns';
import { descending, micros, momentFault, momentOfMicros, type Counted } from '../keyset';
import { countSessions } from './counts';
import { sessionsHit } from './hit';
import { sessionsOfProduct } from './product';
import {
	hasOthers,
	hasTried,
	SESSION_FILTERS,
	sessionList,
	tried,
	walked,
	type SessionFilters,
	type SessionList
} from './filters';

/** A session as a row of a list. */
export interface SessionRow extends SessionCard {
	addedToCart: boolean;
	postArAction: string | null;
	/** Where it stands in the list: the microseconds since 1970 of its start, or of its end if that is the order. */
	place: number;
}

export interface SessionsAsked {
	range: Range;
	filters: SessionFilters;
	cursor: string | null;
	/** Rows of a page; 50 where it is not said. */
	limit?: number;
}

export interface SessionsPage {
	rows: SessionRow[];
	/** Cursors of the neighbouring pages. */
	next: string | null;
	previous: string | null;
	/** Where looking stopped before the page was full: `next` goes on from there. */
	lookedTo: Millis | null;
}

/** The neighbours of a session in a list. */
export interface Neighbours {
	newer: string | null;
	older: string | null;
}

/** How many rows are looked at for a page whose filters have no index. */
export const LOOKED_AT = 20_000;
/** Up to so many sessions of a group or with a type of event, those are where looking starts. */
const FEW = 5_000;
/** Of more sessions of a product a page finds as many as it shows soon enough by looking. */
const FEW_OF_PRODUCT = 1_000;
const PAGE_ROWS = 50;
const READ_LIMIT_MS = 10_000;

interface Key {
	/** Microseconds since 1970: as exact as the database. */
	place: number;
	sessionId: string;
}

type Shape = CursorShape<readonly ['number', 'text']>;
type Place = Cursor<readonly ['number', 'text']> | null;

/** Where a page begins; a fault for a cursor that was made up. */
function placeOf(cursor: string | null, list: SessionList): Place | QueryFault {
	const place = readCursor(cursor, shapeOf(list));
	return isFault(place) || place === null ? place : (momentFault(place.key[0]) ?? place);
}

function shapeOf({ column }: SessionList): Shape {
	return { list: 'sessions', sort: column, key: ['number', 'text'] };
}

/** @param sql a pool of its own, so that slow reads never stand in the way of commits */
export function sessions(sql: Sql) {
	const limited = <T>(work: Promise<T>) => within(READ_LIMIT_MS, work);
	return {
		/** What a list can be asked for. */
		filters: SESSION_FILTERS,

		/** A page of a list, with the number of all its rows. */
		async list(asked: SessionsAsked): Promise<(SessionsPage & Counted) | QueryFault> {
			const list = sessionList(asked.filters, asked.range);
			if (isFault(list)) return list;
			const place = placeOf(asked.cursor, list);
			if (isFault(place)) return place;
			const few = await limited(fewSessions(sql, list));
			const limit = asked.limit ?? PAGE_ROWS;
			const reading = limited(readPage(sql, list, few, place, limit));
			// Counting looks at the rows that a first page has looked at to its end: those are as many as it shows.
			if (place === null && few === null && hasOthers(list)) {
				const page = await reading;
				if (page.rows.length < limit) return { ...page, count: page.rows.length, isLeast: page.lookedTo !== null };
				return { ...page, ...(await limited(countSessions(sql, list, few, LOOKED_AT))) };
			}
			const [page, counted] = await Promise.all([reading, limited(countSessions(sql, list, few, LOOKED_AT))]);
			return { ...page, ...counted };
		},

		/** The same without counting, for whoever reads page after page. */
		async page(asked: SessionsAsked): Promise<SessionsPage | QueryFault> {
			const list = sessionList(asked.filters, asked.range);
			if (isFault(list)) return list;
			const place = placeOf(asked.cursor, list);
			if (isFault(place)) return place;
			const few = await limited(fewSessions(sql, list));
			return limited(readPage(sql, list, few, place, asked.limit ?? PAGE_ROWS));
		},

		/** The sessions before and after this one in a list, whether or not it still belongs to it itself. */
		async neighbours(asked: Omit<SessionsAsked, 'cursor'>, sessionId: string): Promise<Neighbours | QueryFault> {
			const list = sessionList(asked.filters, asked.range);
			if (isFault(list)) return list;
			const [key] = await limited(keyOf(sql, list, sessionId));
			if (!key) return { newer: null, older: null };
			const few = await limited(fewSessions(sql, list));
			const [newer, older] = await Promise.all(
				(['previous', 'next'] as const).map((direction) =>
					limited(readPage(sql, list, few, { direction, key: [key.place, key.sessionId] }, 1))
				)
			);
			return { newer: newer?.rows[0]?.sessionId ?? null, older: older?.rows[0]?.sessionId ?? null };
		}
	};
}

async function keyOf(sql: Sql, { column }: SessionList, sessionId: string): Promise<Key[]> {
	if (sessionId.includes('\0')) return [];
	return sql<Key[]>`
		select ${micros(sql, column)} as place, session_id as "sessionId"
		from sessions
		where session_id = ${sessionId} and ${sql(column)} is not null`;
}

async function readPage(
	sql: Sql,
	list: SessionList,
	few: string[] | null,
	place: Place,
	limit: number
): Promise<SessionsPage> {
	const direction = place?.direction ?? 'next';
	const window = few === null && !hasTried(list) ? limit + 1 : LOOKED_AT;
	const found = await sql<SessionRow[]>`
		select
			${cardColumns(sql)},
			sessions.added_to_cart as "addedToCart",
			left(sessions.post_ar_action, 255) as "postArAction",
			${micros(sql, list.column)} as place
		from (
			select *
			from (${looked(sql, list, few, place, sql`*`)} limit ${window}) as sessions
			where ${tried(sql, list)}
			order by ${order(sql, list, direction)}
			limit ${limit + 1}
		) as sessions
		order by ${order(sql, list, direction)}`;
	const hasMore = found.length > limit;
	const stopped = hasMore || window < LOOKED_AT || few !== null ? undefined : await boundary(sql, list, place);
	const shown = found.slice(0, limit);
	if (direction === 'previous') shown.reverse();

	const shape = shapeOf(list);
	const last: Key | undefined = hasMore ? found[limit - 1] : stopped;
	const onward = last ? writeCursor(shape, direction, [last.place, last.sessionId]) : null;
	const back = backward(shape, direction, shown, place);
	return {
		rows: shown,
		next: direction === 'next' ? onward : back,
		previous: direction === 'next' ? back : onward,
		lookedTo: stopped ? Math.floor(stopped.place / 1_000) : null
	};
}

/** The way back to where one came from; null at the list's beginning. */
function backward(shape: Shape, direction: Direction, shown: readonly Key[], place: Place): string | null {
	if (!place) return null;
	const [from] = direction === 'next' ? shown : shown.slice(-1);
	const key: [number, string] = from ? [from.place, from.sessionId] : place.key;
	return writeCursor(shape, direction === 'next' ? 'previous' : 'next', key);
}

/** The last row that a page looks at; undefined where the list ends before it. */
async function boundary(sql: Sql, list: SessionList, place: Place): Promise<Key | undefined> {
	const columns = sql`session_id as "sessionId", ${micros(sql, list.column)} as place`;
	const [key] = await sql<Key[]>`${looked(sql, list, null, place, columns)} offset ${LOOKED_AT - 1} limit 1`;
	return key;
}

/** The rows of the list behind a place, in its order, before any filter is tried on them. */
function looked(sql: Sql, list: SessionList, few: string[] | null, place: Place, columns: Fragment): Fragment {
	const direction = place?.direction ?? 'next';
	const ordered = sql`order by ${order(sql, list, direction)}`;
	const behind = beyond(sql, list, place);
	if (few === null) return sql`select ${columns} from sessions where ${walked(sql, list)} and ${behind} ${ordered}`;
	return sql`
		select ${columns} from (
			select * from sessions where session_id = any(${few}::text[]) offset 0
		) as sessions
		where ${walked(sql, list)} and ${behind} ${ordered}`;
}

function beyond(sql: Sql, { column }: SessionList, place: Place): Fragment {
	if (!place) return sql`true`;
	const [at, sessionId] = place.key;
	return sql`(${sql(column)}, session_id) ${descending(sql, place).beyond} (${momentOfMicros(sql, at)}, ${sessionId}::text collate "C")`;
}

function order(sql: Sql, { column }: SessionList, direction: Direction): Fragment {
	const { way } = descending(sql, { direction });
	return sql`${sql(column)} ${way}, session_id ${way}`;
}

/** The sessions that such an error hit, of the product, or with the type of event, that is asked for, if they are few; else null. */
async function fewSessions(sql: Sql, list: SessionList): Promise<string[] | null> {
	const { event } = list.filters;
	const hit = await sessionsHit(sql, list, FEW);
	if (hit !== null && hit.length <= FEW) return hit;
	const ofProduct = await sessionsOfProduct(sql, list, FEW_OF_PRODUCT);
	if (ofProduct !== null) return ofProduct;
	if (event === null) return null;
	const rows = await eventSessions(sql, event);
	return rows.length > FEW ? null : [...new Set(rows.flatMap(({ sessionId }) => sessionId ?? []))];
}

function eventSessions(sql: Sql, type: string): Promise<{ sessionId: string | null }[]> {
	return sql<{ sessionId: string | null }[]>`
		select session_id as "sessionId"
		from analytics_events
		where event_type = ${type}
		order by server_timestamp desc
		limit ${FEW + 1}`;
}
