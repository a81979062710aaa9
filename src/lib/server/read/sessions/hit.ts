/**
 * Sessions that errors hit: which errors are meant is asked in the words of the pages about errors, so that a number of
 * sessions there and the list that it opens are the same sessions.
 */
import { NONE, type FilterValues } from '../../../query';
import type { Sql } from '../../db/connect';
import { time, type Fragment } from '../columns';
import { errorsOf, LOOKED, matches, type ErrorListFilters } from '../errors/questions';
import type { SessionList } from './filters';

export const HIT_FILTERS = {
	/** With an error of this group. */
	group: 'text',
	/** With an error of which all of these are true. */
	error_shop: 'text',
	error_severity: 'words',
	error_step: 'words',
	error_state: 'words',
	error_q: 'text'
} as const;

type Asked = FilterValues<typeof HIT_FILTERS>;

/** The errors that are meant, as errors are asked for. */
function errorsMeant(asked: Asked): ErrorListFilters {
	return {
		group: asked.group,
		shop: asked.error_shop,
		severity: asked.error_severity,
		step: asked.error_step,
		state: asked.error_state,
		q: asked.error_q,
		device: null,
		os: null,
		browser: null
	};
}

/** Is more asked of the errors than their group? */
function asksOfErrors(asked: Asked): boolean {
	return Object.entries(errorsMeant(asked)).some(
		([name, value]) => name !== 'group' && (Array.isArray(value) ? value.length > 0 : value !== null)
	);
}

/** Condition on a row of a relation called `sessions`: such an error hit it, in the range if the list is about that. */
export function wasHit(sql: Sql, { filters, by, range }: SessionList): Fragment {
	if (by !== 'hit' && !asksOfErrors(filters)) {
		if (filters.group === null) return sql`true`;
		return sql`(
			select true from error_group_sessions as hit
			where hit.group_key = ${filters.group} and hit.session_id = sessions.session_id
			limit 1
		)`;
	}
	const meant = errorsMeant(filters);
	const when =
		by === 'hit' ? sql`occurred_at >= ${time(sql, range.from)} and occurred_at < ${time(sql, range.to)}` : sql`true`;
	const inShop = meant.shop === null ? sql`true` : sql`coalesce(shop_domain, '') = ${meant.shop}`;
	return sql`(
		select true from error_events
		where error_events.session_id = sessions.session_id and ${when}
			and ${meant.group === null ? sql`true` : sql`group_key = ${meant.group}`}
			and ${meant.shop === NONE ? sql`true` : inShop} and ${matches(sql, meant)}
		limit 1
	)`;
}

/** At most so many and one more of the sessions that may have been hit; null where there may be others. */
export async function sessionsHit(sql: Sql, list: SessionList, most: number): Promise<string[] | null> {
	const { filters, range, by } = list;
	if (by === 'hit' && (filters.group === null || asksOfErrors(filters) || range.toText !== 'now')) {
		return hitInRange(sql, list, most);
	}
	if (filters.group === null) return null;
	const since = by === 'hit' ? sql`last_at >= ${time(sql, range.from)}` : sql`true`;
	const rows = await sql<{ sessionId: string }[]>`
		select session_id as "sessionId" from error_group_sessions
		where group_key = ${filters.group} and ${since}
		limit ${most + 1}`;
	return rows.map(({ sessionId }) => sessionId);
}

/** Of the latest LOOKED errors of the range, as the figures about errors look at them. */
async function hitInRange(sql: Sql, { filters, range }: SessionList, most: number): Promise<string[] | null> {
	const meant = errorsMeant(filters);
	const [row] = await sql<{ looked: number; ids: string[] }[]>`
		with looked as materialized (
			select * from ${errorsOf(sql, range, meant)} order by occurred_at desc limit ${LOOKED}
		)
		select
			(select count(*)::int from looked) as looked,
			array(
				select distinct session_id from looked where session_id is not null and ${matches(sql, meant)} limit ${most + 1}
			) as ids`;
	return row && row.looked < LOOKED ? row.ids : null;
}
