/**
 * How a span of time is cut into whole stretches that a tally has summed, coarsest first, and what they leave at its two
 * ends, which finer tallies and at last the rows themselves answer.
 */
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { time, type Fragment } from '../columns';

export interface Span {
	from: Millis;
	/** Not in the span any more. */
	to: Millis;
	/** One shop alone ('' for what named none); null for all. */
	shop: string | null;
}

export const QUARTER_MS = 900_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
/** Of UTC, counted from 1970: `week_of` in SQL. */
export const WEEK_MS = 7 * DAY_MS;

/** A tally's name for a stretch of time, and how long that is. */
export type Grain<Name extends string = string> = readonly [name: Name, length: number];

/**
 * SQL of all that a span has, in parentheses: of each whole stretch the tally's rows, and of what is left at each of its
 * ends the rows themselves. Each end is a select of its own: an index is walked between two times, and not read twice.
 * @param column the rows' time
 * @param grains coarsest first
 * @param edges of the buckets that rows will be put into: grains that would lie across one are left out
 * @param counted the select of the grain's rows for which a condition on `bucket` holds
 * @param uncounted the select of the same columns from the rows for which a condition on their time holds
 */
export function cascade<Name extends string>(
	sql: Sql,
	{ from, to }: Pick<Span, 'from' | 'to'>,
	column: string,
	grains: readonly Grain<Name>[],
	edges: readonly Millis[],
	counted: (grain: Name, inBucket: Fragment) => Fragment,
	uncounted: (inEnd: Fragment) => Fragment
): Fragment {
	const selects: Fragment[] = [];
	let open: [Millis, Millis][] = [[from, to]];
	for (const [grain, length] of grains) {
		if (!edges.slice(1, -1).every((edge) => edge % length === 0)) continue;
		open = open.flatMap(([start, end]): [Millis, Millis][] => {
			const wholeFrom = Math.ceil(start / length) * length;
			const wholeTo = Math.floor(end / length) * length;
			if (wholeFrom >= wholeTo) return [[start, end]];
			selects.push(counted(grain, between(sql, 'bucket', wholeFrom, wholeTo)));
			return [
				[start, wholeFrom],
				[wholeTo, end]
			];
		});
	}
	for (const [start, end] of open) if (start < end) selects.push(uncounted(between(sql, column, start, end)));
	const [first = uncounted(sql`false`), ...others] = selects;
	return sql`(${others.reduce((all, select) => sql`${all} union all ${select}`, first)})`;
}

function between(sql: Sql, column: string, from: Millis, to: Millis): Fragment {
	return sql`${sql(column)} >= ${time(sql, from)} and ${sql(column)} < ${time(sql, to)}`;
}

/** The place of `at` among the edges of a chart's buckets, from 0. */
export function bucketOf(sql: Sql, edges: readonly Millis[]): Fragment {
	const times = edges.slice(0, -1).map((edge) => new Date(edge).toISOString());
	return sql`width_bucket(at, ${times}::timestamptz[]) - 1`;
}

/** Condition on the shop of a row of a projection. */
export function ofShop(sql: Sql, shop: string | null): Fragment {
	if (shop === null) return sql`true`;
	return shop === '' ? sql`shop_domain is null` : sql`shop_domain = ${shop}`;
}

/**
 * SQL of the measures of a row, of the same types as their sums in a tally: only a union of equal types is seen through by
 * the planner, so that conditions reach its parts and what nobody asks for is not computed.
 */
export function measured(sql: Sql, measures: Readonly<Record<string, string>>): Fragment {
	const typed: Record<string, string> = {};
	for (const [name, expression] of Object.entries(measures)) {
		typed[name] = name.endsWith('cost') ? `(${expression})` : `(${expression})::bigint`;
	}
	return named(sql, typed);
}

/** SQL of a list of columns, each an expression under its name. */
export function named(sql: Sql, expressions: Readonly<Record<string, string>>): Fragment {
	return sql.unsafe(
		Object.entries(expressions)
			.map(([name, expression]) => `${expression} as ${name}`)
			.join(', ')
	);
}
