/**
 * The latest ended sessions of some shops. Of all shops there is an index by end; of one there is none, and looking
 * through all ends until enough are of a small shop could read the whole history. So they are looked for among each shop's
 * latest started ones, by an index that has the shops.
 */
import type { Sql } from '../../db/connect';
import type { Fragment } from '../columns';

/**
 * Ended sessions that are looked at, over all shops. One that lasted so long that its shop had as many begin and end
 * meanwhile is left out.
 */
const CONSIDERED = 4_000;

/** A query with the columns of sessions, the last ended first. */
export function endedOfShops(sql: Sql, shops: readonly string[], limit: number): Fragment {
	const ofEach = Math.max(limit, Math.ceil(CONSIDERED / Math.max(1, shops.length)));
	return sql`
		select of_shop.*
		from unnest(${[...new Set(shops)]}::text[]) as shop (domain)
		cross join lateral (
			select *
			from sessions
			where shop_domain = shop.domain and ended_at is not null and status <> 'in_progress'
			order by started_at desc, session_id desc
			limit ${ofEach}
		) as of_shop
		order by ended_at desc, session_id desc
		limit ${limit}`;
}
