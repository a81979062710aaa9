/** Pages of a list by the keys of their rows: nothing is skipped or repeated because rows came or went in between. */
import type { Millis } from '../../live/messages';
import { CURSOR, fault, type Cursor, type CursorShape, type Direction, type QueryFault } from '../../query';
import type { Sql } from '../db/connect';
import type { Fragment } from './columns';

/** A page of rows in the list's order, and the cursors of its neighbours; null where there is none. */
export interface ListPage<R> {
	rows: R[];
	next: string | null;
	previous: string | null;
}

/** A page of a list that tries its rows, on conditions without an index, and only so many of them. */
export interface LookedPage<R> extends ListPage<R> {
	/** How far back was looked, where that was not to the end of the range: `next` goes on from there. */
	lookedTo: Millis | null;
}

/** How many rows of a list match. */
export interface Counted {
	count: number;
	/** Counting stopped at a bound: there may be more. */
	isLeast: boolean;
}

/** The direction in which a descending list is read, and what lies beyond the cursor's row in it. */
export function descending(sql: Sql, cursor: Pick<Cursor<CursorShape['key']>, 'direction'> | null) {
	return cursor?.direction === 'previous' ? { way: sql`asc`, beyond: sql`>` } : { way: sql`desc`, beyond: sql`<` };
}

/**
 * The page of what was read with one row more than `limit`, in the direction of the cursor.
 * @param write the cursor that goes on from a row
 */
export function listPage<R>(
	read: readonly R[],
	limit: number,
	direction: Direction | null,
	write: (direction: Direction, row: R) => string
): ListPage<R> {
	const more = read.length > limit;
	const rows = read.slice(0, limit);
	if (direction === 'previous') rows.reverse();
	const [first, last] = [rows.at(0), rows.at(-1)];
	const hasNext = direction === 'previous' || more;
	const hasPrevious = direction === 'next' || (direction === 'previous' && more);
	return {
		rows,
		next: last && hasNext ? write('next', last) : null,
		previous: first && hasPrevious ? write('previous', first) : null
	};
}

/**
 * The same where looking stopped at an edge, before the page was full: it goes on from there.
 * @param edge the last row that was looked at; undefined where the list ends before it
 */
export function upToEdge<R, K extends { at: Millis }>(
	page: ListPage<R>,
	direction: Direction | null,
	edge: K | undefined,
	write: (direction: Direction, row: K) => string
): LookedPage<R> {
	if (!edge) return { ...page, lookedTo: null };
	if (direction === 'previous') return { ...page, previous: write('previous', edge), lookedTo: null };
	return { ...page, next: write('next', edge), lookedTo: edge.at };
}

/** A timestamptz as microseconds since 1970, which a number holds exactly: a cursor must not round. */
export function micros(sql: Sql, column: string): Fragment {
	return sql`(extract(epoch from ${sql(column)}) * 1000000)::float8`;
}

/** The moment of such a number. */
export function momentOfMicros(sql: Sql, at: number): Fragment {
	return sql`(timestamptz 'epoch' + ${at}::float8 * interval '1 microsecond')`;
}

const FIRST = Date.UTC(1900, 0, 1) * 1000;
const LAST = Date.UTC(2200, 0, 1) * 1000;

/** The fault of a cursor that was made up: of microseconds that the database could not take for a moment. */
export function momentFault(...moments: number[]): QueryFault | null {
	if (moments.every((at) => at >= FIRST && at <= LAST)) return null;
	return fault(CURSOR, 'This place in the list does not exist. Begin again with its first page.');
}
