/**
 * What AI requests cost over time, each cent once: what failed, then what was regenerated without failing, then the
 * rest. Without a filter by words tallies are added up; with one a short range is read from its rows
 * (no more of them than the ends of any range may have), and a long one is drawn by UTC days.
 */
import { AI_WORDS } from '../../projections/measures';
import { buckets, UTC, type Buckets } from '../../../query';
import type { Decimal, Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { decimal, time, type Fragment } from '../columns';
import { costDays, FAILED, hasWords, ofWords, REGENERATED, spanOf, type CostQuestion } from './parts';
import { aiCounts, bucketOf } from '../tallies';

const HOUR_MS = 3_600_000;
const SHORT_MS = 48 * HOUR_MS;
const MOST_BUCKETS = 100;

export interface CostSeries {
	times: Buckets;
	/** The zone in which days begin. */
	zone: string;
	/** One each a bucket. */
	failed: Decimal[];
	regenerated: Decimal[];
	rest: Decimal[];
}

interface Row {
	bucket: number;
	failed: Decimal;
	regenerated: Decimal;
	rest: Decimal;
}

/** The series of the range. */
export async function costSeries(sql: Sql, question: CostQuestion): Promise<CostSeries> {
	const { range, now } = question;
	const words = hasWords(question.filters);
	const byDays = words && range.to - range.from > SHORT_MS;
	const zone = byDays ? UTC : question.zone;
	// Fewer buckets than hours, so that none is shorter than a day.
	const most = byDays ? Math.min(MOST_BUCKETS, Math.floor((range.to - range.from) / HOUR_MS) - 1) : MOST_BUCKETS;
	const times = buckets(range, zone, now, most);
	const source = byDays
		? daysOf(sql, question)
		: words
			? requestsOf(sql, question)
			: tallied(sql, question, times.edges);
	const rows = await sql<Row[]>`
		select
			bucket, ${decimal(sql, 'failed')} as failed, ${decimal(sql, 'regenerated')} as regenerated,
			${decimal(sql, 'rest')} as rest
		from (
			select
				${bucketOf(sql, times.edges)} as bucket, sum(failed) as failed, sum(regenerated) as regenerated,
				sum(cost - failed - regenerated) as rest
			from ${source} as counted
			group by 1
		) as summed`;
	const of = (name: 'failed' | 'regenerated' | 'rest'): Decimal[] => {
		const values = new Map(rows.map((row) => [row.bucket, row[name]]));
		return times.partial.map((_, index) => values.get(index) ?? '0');
	};
	return { times, zone, failed: of('failed'), regenerated: of('regenerated'), rest: of('rest') };
}

function tallied(sql: Sql, { filters, range }: CostQuestion, edges: readonly Millis[]): Fragment {
	return sql`(
		select at, cost, failed_cost as failed, regeneration_cost - failed_regeneration_cost as regenerated
		from ${aiCounts(sql, spanOf(filters, range), edges)} as counts
	)`;
}

/** A day that the range begins in lies before its first bucket. */
function daysOf(sql: Sql, { filters, range }: CostQuestion): Fragment {
	return sql`(
		select greatest(day, ${time(sql, range.from)}) as at, cost, ${ofKinds(sql)}
		from ${costDays(sql, filters, range)} as parts
	)`;
}

function requestsOf(sql: Sql, { filters, range }: CostQuestion): Fragment {
	const { from, to, shop } = spanOf(filters, range);
	const words = Object.entries(AI_WORDS).map(([name, expression]) => `${expression} as ${name}`);
	return sql`(
		select at, cost, ${ofKinds(sql)}
		from (
			select occurred_at as at, coalesce(cost_usd, 0) as cost, coalesce(shop_domain, '') as shop, ${sql.unsafe(words.join(', '))}
			from ai_requests
			where occurred_at >= ${time(sql, from)} and occurred_at < ${time(sql, to)}
		) as requests
		where ${shop === null ? sql`true` : sql`shop = ${shop}`} and ${ofWords(sql, filters)}
	)`;
}

function ofKinds(sql: Sql): Fragment {
	return sql.unsafe(`
		case when ${FAILED} then cost else 0 end as failed,
		case when ${REGENERATED} and not ${FAILED} then cost else 0 end as regenerated`);
}
