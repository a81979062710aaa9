/**
 * By what one sees that something happened in some shops, without looking at the log: the number of their events, of
 * which there is a row a day, and whether a session that a commit names is theirs (its events may name no shop).
 */
import type { Sql } from '../../db/connect';

export interface ShopsSign {
	/** Grows with each event; what is forgotten takes away from it. */
	events: string;
	/** One of the named sessions is of these shops. */
	isTheirs: boolean;
}

/** The sign of these shops now, by the sessions that have changed. */
export async function signsOfShops(
	sql: Sql,
	shops: readonly string[],
	sessionIds: readonly string[]
): Promise<ShopsSign> {
	const [row] = await sql<ShopsSign[]>`
		select
			(
				select coalesce(sum(events), 0)::text
				from event_tallies
				where grain = 'shop_day_total' and event_type = '' and shop = any(${[...shops]}::text[])
			) as events,
			exists (
				select from sessions
				where session_id = any(${[...sessionIds]}::text[]) and shop_domain = any(${[...shops]}::text[])
			) as "isTheirs"`;
	if (!row) throw new Error('a query without a table gives one row');
	return row;
}
