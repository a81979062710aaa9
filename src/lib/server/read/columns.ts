/**
 * How columns become the values of messages, in SQL, so that rows need no second shape: times as milliseconds, whole
 * numbers as numbers, money as text.
 */
import type postgres from 'postgres';
import type { Sql } from '../db/connect';

/** A piece of a statement. Never await one, nor return it from an async function: that would run it. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>;

/** A timestamptz as milliseconds since 1970, rounded down as Date does; null stays null. */
export function millis(sql: Sql, column: string): Fragment {
	return sql`floor(extract(epoch from ${sql(column)}) * 1000)::float8`;
}

/** The beginning of a text. Clients may send 64 KiB where a word is meant, and every screen would carry it. */
export function beginning(sql: Sql, column: string, characters: number): Fragment {
	return sql`left(${sql(column)}, ${characters}::int)`;
}

/** A numeric as text without trailing zeros. */
export function decimal(sql: Sql, column: string): Fragment {
	return sql`trim_scale(${sql(column)})::text`;
}

/** Milliseconds since 1970 as a timestamptz parameter. */
export function time(sql: Sql, at: number): Fragment {
	return sql`${new Date(at)}::timestamptz`;
}

/**
 * Condition on a row of the log called `logged`: it is of the session in `sessions`. No event happens after the server
 * received it, so that months before the session's first event (and a day for clocks) are not looked into.
 */
export function ofSession(sql: Sql): Fragment {
	return sql`logged.session_id = sessions.session_id
		and logged.server_timestamp >= sessions.first_event_at - interval '1 day'`;
}
