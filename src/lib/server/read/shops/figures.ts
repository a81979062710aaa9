/** The figures of each shop over a range, and its sessions over time as small bars: the same sessions, read once. */
import type { Decimal, Millis } from '../../../live/messages';
import type { Scope } from '../../../query';
import type { Sql } from '../../db/connect';
import { bucketOf, DAY_MS, HOUR_MS, shopAiCounts, shopErrorCounts, shopSessions, WEEK_MS } from '../tallies';

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
	/** Of the bars: hours, UTC days or weeks (from Thursday, as 1970 began), but for the range's own ends. */
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
	const edges = barsOf(range);
	const rows = await sql<Row[]>`
		with bars as materialized (
			select
				shop, ${bucketOf(sql, edges)} as bar, sum(sessions::float8) as sessions,
				sum(active::float8) as in_progress, sum(completed::float8) as completed
			from ${shopSessions(sql, span, edges)} as counted
			group by 1, 2
		),
		trends as (select shop, json_agg(json_build_array(bar, sessions)) as trend from bars group by shop)
		select figures.*, trends.trend
		from (
			select
				shop, coalesce(sum(sessions), 0) as sessions, coalesce(sum(in_progress), 0) as "inProgress",
				coalesce(sum(completed), 0) as completed, trim_scale(coalesce(sum(cost), 0))::text as cost,
				coalesce(sum(errors), 0) as errors
			from (
				select shop, sessions, in_progress, completed, 0 as cost, 0::float8 as errors from bars
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

/** Of bars for hours, from three days on for UTC days, and from 45 on for weeks (or several, when there are many). */
function barsOf({ from, to }: { from: Millis; to: Millis }): Millis[] {
	const days = (to - from) / DAY_MS;
	const grain = days <= 3 ? HOUR_MS : days <= 45 ? DAY_MS : WEEK_MS * Math.ceil(days / 7 / 60);
	const edges = [from];
	for (let at = (Math.floor(from / grain) + 1) * grain; at < to; at += grain) edges.push(at);
	return [...edges, to];
}
