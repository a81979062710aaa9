/**
 * How many sessions and shops the errors of a group hit in a range. Of a range up to now, what was hit last in it is all
 * that was hit in it: tables know that of each session and shop, and sessions are summed up by the day of it. For a range
 * that is over, and under filters that those do not know, the latest errors and the tallies are asked.
 */
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { time, type Fragment } from '../columns';
import { countedErrors, errorsOf, matches, type CountedFilters, type Stretch } from './questions';
import { DAY_MS } from '../tallies';

/** Stands for every group in the tables of sessions. */
export const ANY_GROUP = '';
/** Sessions of the part of a day that a range begins with are counted to here … */
const SESSIONS_COUNTED = 10_000;
/** … and where only errors know, those of so many. */
export const ERRORS_TRIED = 1_000;

/** SQL of one row: `sessions` with an error of the group since then, and whether there are more of them (`isLeast`). */
export function sessionsSince(sql: Sql, group: Fragment, from: Millis): Fragment {
	const firstDay = time(sql, Math.ceil(from / DAY_MS) * DAY_MS);
	return sql`
		select coalesce(sum(sessions), 0)::int as sessions, coalesce(bool_or(is_least), false) as "isLeast"
		from (
			select sessions, false as is_least from error_session_tallies
			where error_session_tallies.group_key = ${group} and bucket >= ${firstDay}
			union all
			select least(count(*), ${SESSIONS_COUNTED}), count(*) > ${SESSIONS_COUNTED}
			from (
				select from error_group_sessions as hit
				where hit.group_key = ${group} and hit.last_at >= ${time(sql, from)} and hit.last_at < ${firstDay}
				limit ${SESSIONS_COUNTED + 1}
			) as counted
		) as parts`;
}

/** Do the tables of what was hit last know what is asked of a group? */
function isKnownOfLatest(isUpToNow: boolean, { shop, severity, step }: CountedFilters): boolean {
	return isUpToNow && shop === null && severity.length + step.length === 0;
}

/** SQL of one row: the `sessions` that errors of the group hit in the range, and whether there are more (`isLeast`). */
export function sessionsHit(
	sql: Sql,
	group: Fragment,
	range: Stretch,
	isUpToNow: boolean,
	filters: CountedFilters
): Fragment {
	if (isKnownOfLatest(isUpToNow, filters)) return sessionsSince(sql, group, range.from);
	const own = { ...filters, state: [], q: null, group: null };
	return sql`
		select
			count(distinct session_id) filter (where ${matches(sql, own)})::int as sessions,
			count(*) >= ${ERRORS_TRIED} as "isLeast"
		from (
			select * from ${errorsOf(sql, range, own)} and group_key = ${group} order by occurred_at desc limit ${ERRORS_TRIED}
		) as tried`;
}

/** SQL of `group_key` and the number of `shops` with a name that errors of it hit in the range. @param groups SQL of their keys */
export function shopsHit(
	sql: Sql,
	groups: Fragment,
	range: Stretch,
	isUpToNow: boolean,
	filters: CountedFilters
): Fragment {
	if (isKnownOfLatest(isUpToNow, filters)) {
		return sql`
			select group_key, count(*)::int as shops
			from error_group_shops
			where group_key in (${groups}) and last_at >= ${time(sql, range.from)}
			group by group_key`;
	}
	return sql`
		select group_key, (count(distinct shop) filter (where shop <> ''))::int as shops
		from ${countedErrors(sql, range, filters)} as counted
		where group_key in (${groups})
		group by group_key`;
}
