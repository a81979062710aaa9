/** The latest errors, as the wall lists them. */
import type { Sql } from '../../db/connect';
import type { ErrorCard } from '../../../live/messages';
import { beginning, millis, type Fragment } from '../columns';
import { WHOLE, type View } from './view';

export const WALL_ERRORS = 40;

/** The latest errors by their own time, newest first, bounded. */
export async function latestErrors(sql: Sql, { shops }: View = WHOLE): Promise<ErrorCard[]> {
	// Of each shop by its own index: a quiet shop's latest may lie far behind everybody else's.
	const errors = shops
		? sql`(
			select of_shop.*
			from unnest(${[...new Set(shops)]}::text[]) as shop (domain)
			cross join lateral (
				select *
				from error_events
				where shop_domain = shop.domain
				order by occurred_at desc, id desc
				limit ${WALL_ERRORS}
			) as of_shop
		)`
		: sql`error_events`;
	return sql<ErrorCard[]>`
		select ${errorColumns(sql)}
		from ${errors} as errors
		order by errors.occurred_at desc, errors.id desc
		limit ${WALL_ERRORS}`;
}

/** The columns of an ErrorCard, from a relation that is called `errors`. */
export function errorColumns(sql: Sql): Fragment {
	return sql`
		errors.id,
		errors.session_id as "sessionId",
		errors.shop_domain as shop,
		${beginning(sql, 'errors.error_code', 255)} as code,
		${beginning(sql, 'errors.error_message', 1_000)} as message,
		${beginning(sql, 'errors.severity', 255)} as severity,
		${beginning(sql, 'errors.step', 255)} as step,
		${millis(sql, 'errors.occurred_at')} as at`;
}
