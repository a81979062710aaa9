/** How much went wrong in a range: errors by severity over time, and the sessions and shops that were hit. */
import type { Millis } from '../../../live/messages';
import { MOST_ROWS_OF_WHOLE, wordOf, type Buckets, type Scope } from '../../../query';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import type { Fragment } from '../columns';
import { ANY_GROUP, sessionsSince } from './hit';
import {
	asksOfShopsAlone,
	errorsByShop,
	errorsOf,
	groupedErrors,
	LOOKED,
	matches,
	type CountedFilters,
	type Stretch
} from './questions';
import { bucketOf } from '../tallies';

/** A value and its errors in the range; '' where there is none. */
export interface ErrorPart {
	value: string;
	errors: number;
}

export interface ErrorOverview {
	errors: number;
	groups: number;
	/** Named shops. */
	shops: number;
	/** With such an error; where only the errors themselves know, among the latest LOOKED of them. */
	sessions: number;
	/** There are more than were looked at. */
	sessionsAtLeast: boolean;
	/** Whether there has ever been an error that the asker may see. */
	any: boolean;
	/** The shops with most of them, SHOPS at most, or MOST_ROWS_OF_WHOLE; '' for no shop. */
	byShop: ErrorPart[];
	/** Errors by bucket, those of the most frequent severities first. */
	severities: { severity: string; errors: number[] }[];
}

export interface ErrorOverviewAsked {
	now: Millis;
	range: Stretch;
	filters: CountedFilters;
	times: Buckets;
	scope: Scope['scope'];
	/** Whether all shops are named rather than those with most errors. */
	isWhole?: boolean;
}

/** Values of a split that are named. */
const PARTS = 20;
/** Shops that are, where not all are asked for. */
const SHOPS = 10;

/** How many shops are named. */
export function mostShops(isWhole: boolean): number {
	return isWhole ? MOST_ROWS_OF_WHOLE : SHOPS;
}

const READ_WITHIN_MS = 10_000;

/** The errors of a range that match, as they are known at `now`. */
export async function errorOverview(
	sql: Sql,
	{ now, range, filters, times, scope, isWhole = false }: ErrorOverviewAsked
): Promise<ErrorOverview> {
	type Row = Omit<ErrorOverview, 'severities'> & { points: [severity: string, bucket: number, errors: number][] };
	// Of one shop its sum is the sum of all.
	const ofShops =
		filters.shop === null
			? sql`select shop, sum(errors::float8) as errors from ${errorsByShop(sql, range, filters)} as counted group by shop`
			: sql`select ${wordOf(filters.shop)}::text as shop, sum(errors) as errors from sums where is_of_group having sum(errors) > 0`;
	const [row] = await within(
		READ_WITHIN_MS,
		sql<Row[]>`
			with sums as materialized (
				select grouping(group_key) = 0 as is_of_group, severity, at, sum(errors::float8) as errors
				from ${groupedErrors(sql, range, filters, times.edges)} as matching
				group by grouping sets ((severity, at), (group_key))
			),
			by_shop as materialized (${ofShops})
			select
				(select coalesce(sum(errors), 0) from sums where is_of_group) as errors,
				(select count(*)::int from sums where is_of_group) as groups,
				(select count(*)::int from by_shop where shop <> '') as shops,
				(
					select coalesce(json_agg(json_build_array(severity, bucket, errors)), '[]')
					from (
						select severity, ${bucketOf(sql, times.edges)} as bucket, sum(errors) as errors
						from sums where not is_of_group group by 1, 2
					) as points
				) as points,
				${parts(sql, sql`shop`, sql`sum(errors)`, sql`by_shop`, mostShops(isWhole))} as "byShop",
				exists (${scope === null ? sql`select from error_groups` : sql`select from error_events where shop_domain = ${scope}`}) as "any",
				hit.sessions,
				hit."isLeast" as "sessionsAtLeast"
			from (${sessionsOf(sql, range, filters, range.to >= now)}) as hit`
	);
	if (!row) throw new Error('an aggregate gave no row');
	const { points, ...figures } = row;
	return { ...figures, severities: seriesOf(points, times) };
}

/** SQL of one row: the `sessions` that such errors hit, and whether there are more of them (`isLeast`). */
function sessionsOf(sql: Sql, range: Stretch, filters: CountedFilters, isUpToNow: boolean): Fragment {
	const { group, shop } = filters;
	if (isUpToNow && shop === null && asksOfShopsAlone({ ...filters, group: null })) {
		return sessionsSince(sql, sql`${group ?? ANY_GROUP}`, range.from);
	}
	return sql`
		select
			(count(session_id) filter (where is_meant))::int as sessions, coalesce(sum(errors), 0) >= ${LOOKED} as "isLeast"
		from (
			select session_id, bool_or(${matches(sql, filters)}) as is_meant, count(*) as errors
			from (
				select * from ${errorsOf(sql, range, filters)} order by occurred_at desc limit ${LOOKED}
			) as looked
			group by session_id
		) as by_session`;
}

/** A json array of the values with the most errors. */
export function parts(sql: Sql, value: Fragment, errors: Fragment, from: Fragment, most = PARTS): Fragment {
	return sql`(
		select coalesce(json_agg(line), '[]')
		from (
			select ${value} as value, (${errors})::float8 as errors from ${from} group by 1 order by 2 desc, 1 limit ${most}
		) as line
	)`;
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
