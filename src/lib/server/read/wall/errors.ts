/** The latest errors, as the wall lists them. */
import type { Sql } from '../../db/connect';
import type { ErrorCard } from '../../../live/messages';
import { beginning, millis, type Fragment } from '../columns';

export const WALL_ERRORS = 40;

/** The latest errors by their own time, newest first, bounded. */
export async function latestErrors(sql: Sql): Promise<ErrorCard[]> {
	return sql<ErrorCard[]>`
		select ${errorColumns(sql)}
		from error_events as errors
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
