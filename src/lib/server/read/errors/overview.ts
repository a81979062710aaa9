/** How much went wrong in a range: errors by severity over time, and the sessions and shops that were hit. */
import type { Buckets } from '../../../query';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { time, type Fragment } from '../columns';
import { countedErrors, errorsOf, LOOKED, matches, type CountedFilters, type Stretch } from './questions';
import { bucketOf } from '../tallies';

export interface ErrorOverview {
	errors: number;
	groups: number;
	/** Named shops. */
	shops: number;
	/** Of which there was such an error, among the latest LOOKED errors. */
	sessions: number;
	/** There are more errors than those. */
	sessionsAtLeast: boolean;
	/** Whether there has ever been an error. */
	any: boolean;
	/** Errors by bucket, those of the most frequent severities first. */
	severities: { severity: string; errors: number[] }[];
}

const READ_WITHIN_MS = 10_000;
/** Sessions of one group are counted to here … */
const SESSIONS_COUNTED = 10_000;
/** … and where only its errors know, those of so many. */
const ERRORS_TRIED = 1_000;

/** The errors of a range that match. */
export async function errorOverview(
	sql: Sql,
	range: Stretch,
	filters: CountedFilters,
	times: Buckets
): Promise<ErrorOverview> {
	type Row = Omit<ErrorOverview, 'severities'> & { points: [severity: string, bucket: number, errors: number][] };
	const [row] = await within(
		READ_WITHIN_MS,
		sql<Row[]>`
			with counted as materialized (select * from ${countedErrors(sql, range, filters)} as matching)
			select
				coalesce(sum(errors), 0)::float8 as errors,
				count(distinct group_key)::int as groups,
				count(distinct shop) filter (where shop <> '')::int as shops,
				(
					select coalesce(json_agg(json_build_array(severity, bucket, errors)), '[]')
					from (
						select severity, ${bucketOf(sql, times.edges)} as bucket, sum(errors)::float8 as errors
						from counted group by 1, 2
					) as points
				) as points,
				exists (select from error_groups) as "any",
				hit.*
			from counted
			right join (
				select
					count(distinct session_id) filter (where ${matches(sql, filters)})::int as sessions,
					count(*) >= ${LOOKED} as "sessionsAtLeast"
				from (
					select * from ${errorsOf(sql, range, filters)} order by occurred_at desc limit ${LOOKED}
				) as looked
			) as hit on true
			group by hit.sessions, hit."sessionsAtLeast"`
	);
	if (!row) throw new Error('an aggregate gave no row');
	const { points, ...figures } = row;
	return { ...figures, severities: seriesOf(points, times) };
}

function seriesOf(points: [string, number, number][], { partial }: Buckets): ErrorOverview['severities'] {
	const bySeverity = new Map<string, number[]>();
	for (const [severity, bucket, errors] of points) {
		const series = bySeverity.get(severity) ?? partial.map(() => 0);
		bySeverity.set(severity, series.with(bucket, errors));
	}
	return [...bySeverity]
		.map(([severity, errors]) => ({ severity, errors }))
		.sort((one, other) => total(other.errors) - total(one.errors));
}

const total = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

/**
 * SQL of one row: `sessions` with an error of the group in the range, and whether there are more of them (`isLeast`).
 * Up to now the table of sessions by group knows them all; for a range that is over, and under filters that it does not
 * know, the latest errors are asked.
 */
export function sessionsHit(
	sql: Sql,
	group: Fragment,
	range: Stretch,
	isUpToNow: boolean,
	filters: CountedFilters
): Fragment {
	if (isUpToNow && filters.shop === null && filters.severity.length + filters.step.length === 0) {
		return sql`
			select least(count(*), ${SESSIONS_COUNTED})::int as sessions, count(*) > ${SESSIONS_COUNTED} as "isLeast"
			from (
				select from error_group_sessions as hit
				where hit.group_key = ${group} and hit.last_at >= ${time(sql, range.from)}
				limit ${SESSIONS_COUNTED + 1}
			) as counted`;
	}
	const own = { ...filters, state: [], q: null, group: null };
	return sql`
		select
			count(distinct session_id) filter (where ${matches(sql, own)})::int as sessions,
			count(*) >= ${ERRORS_TRIED} as "isLeast"
		from (
			select * from ${errorsOf(sql, range, own)} and group_key = ${group} order by occurred_at desc limit ${ERRORS_TRIED}
		) as tried`;
}
