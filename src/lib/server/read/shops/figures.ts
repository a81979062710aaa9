/**
 * The figures of each shop over a range, and its sessions over time as small bars. The days (or quarters of an hour) that
 * both are made of are read once.
 */
import type { Decimal, Millis } from '../../../live/messages';
import type { Scope } from '../../../query';
import type { Sql } from '../../db/connect';
import { time } from '../columns';
import { bucketOf, DAY_MS, HOUR_MS, shopAiCounts, shopErrorCounts, shopSessionSums } from '../tallies';

export interface ShopFigures {
	sessions: number;
	/** Of them: still in progress. */
	inProgress: number;
	completed: number;
	/** What AI requests cost, and errors, in the range. */
	cost: Decimal;
	errors: number;
}

export const NOTHING: ShopFigures = { sessions: 0, inProgress: 0, completed: 0, cost: '0', errors: 0 };

/** Of each shop that has any, by its domain. */
interface FiguresOfShops {
	/** Of the bars: hours or UTC days (or several of them), whole ones: the first can begin before the range. */
	edges: Millis[];
	/** '' for what named no shop, and null for all together. */
	figures: Map<string | null, ShopFigures>;
	/** Sessions by bar. */
	trends: Map<string | null, number[]>;
}

interface Row extends ShopFigures {
	shop: string | null;
	trend: [bar: number, sessions: number][] | null;
}

export async function shopFigures(
	sql: Sql,
	range: { from: Millis; to: Millis },
	own: Scope['shops']
): Promise<FiguresOfShops> {
	const span = { ...range, shop: null };
	const { edges, dimension } = barsOf(range);
	const [first, end] = [time(sql, edges[0] ?? range.from), time(sql, edges.at(-1) ?? range.to)];
	const rows = await sql<Row[]>`
		with stretches as materialized (
			select shop, bucket, sessions, completed from session_tallies
			where dimension = ${dimension} and bucket >= ${first} and bucket < ${end}
				and ${own === null ? sql`true` : sql`shop = any(${own}::text[])`}
		),
		trends as (
			select shop, json_agg(json_build_array(bar, sessions)) as trend
			from (
				select shop, ${bucketOf(sql, edges)} as bar, sum(sessions) as sessions
				from (
					select shop, bucket as at, sessions from stretches
					union all
					select coalesce(shop_domain, ''), started_at, 1 from sessions
					where status = 'in_progress' and started_at >= ${first} and started_at < ${end}
				) as counted
				group by 1, 2
			) as bars
			group by shop
		)
		select figures.*, trends.trend
		from (
			select
				shop, coalesce(sum(sessions), 0) as sessions, coalesce(sum(in_progress), 0) as "inProgress",
				coalesce(sum(completed), 0) as completed, trim_scale(coalesce(sum(cost), 0))::text as cost,
				coalesce(sum(errors), 0) as errors
			from (
				select
					shop, sum(sessions::float8) as sessions, sum(active::float8) as in_progress,
					sum(completed::float8) as completed, 0 as cost, 0::float8 as errors
				from ${shopSessionSums(sql, span, { dimension, relation: 'stretches' })} as counted group by shop
				union all
				select shop, 0, 0, 0, sum(cost), 0 from ${shopAiCounts(sql, range)} as counted group by shop
				union all
				select shop, 0, 0, 0, 0, sum(errors::float8) from ${shopErrorCounts(sql, span)} as counted group by shop
			) as summed
			where ${own === null ? sql`true` : sql`shop = any(${own}::text[])`}
			group by rollup (shop)
		) as figures
		left join trends using (shop)`;
	const numbersOf = (trend: Row['trend']) => {
		const byBar = new Map(trend);
		return edges.slice(1).map((_, bar) => byBar.get(bar) ?? 0);
	};
	return {
		edges,
		figures: new Map(
			rows.map(({ shop, sessions, inProgress, completed, cost, errors }) => [
				shop,
				{ sessions, inProgress, completed, cost, errors }
			])
		),
		trends: new Map(rows.map(({ shop, trend }) => [shop, numbersOf(trend)]))
	};
}

/** Bars for hours, or for UTC days where the range is longer than three, and the tally that they are made of. */
function barsOf({ from, to }: { from: Millis; to: Millis }): { edges: Millis[]; dimension: 'shop' | 'shop_day' } {
	const days = (to - from) / DAY_MS;
	const grain = days <= 3 ? HOUR_MS : DAY_MS * Math.ceil(days / 60);
	const edges = [Math.floor(from / grain) * grain];
	while ((edges.at(-1) ?? to) < to) edges.push((edges.at(-1) ?? 0) + grain);
	return { edges, dimension: grain < DAY_MS ? 'shop' : 'shop_day' };
}
