/**
 * What AI requests will have cost by the end of the month in the reader's zone, if the days that are left are like the
 * last full ones: what has been measured of the month + the mean of up to seven full days × the days that are left.
 */
import { startOfDay, zoneOffset } from '../../../query';
import type { Decimal, Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { decimal, millis } from '../columns';
import { aiCounts, ofShop } from '../tallies';
import { costParts, hasWords, spanOf, type CostQuestion } from './parts';

const DAY_MS = 86_400_000;
const MOST_DAYS = 7;

export interface Forecast {
	/** When the first AI request was, of the shop that is asked for; null when there has been none. */
	since: Millis | null;
	monthFrom: Millis;
	monthTo: Millis;
	soFar: Decimal;
	/** How many full days the mean is of: at most seven, and none from before the first request; 0 on the first day. */
	days: number;
	/** The mean of these days; null when there is none. */
	perDay: Decimal | null;
	/** Days until the month ends, with what is left of today as a fraction. */
	daysLeft: number;
	/** null when there is no full day to go by. */
	total: Decimal | null;
}

/** The forecast of the month that `now` is in, for the requests that are asked for. */
export async function costForecast(sql: Sql, { now, zone, filters }: CostQuestion): Promise<Forecast> {
	const { monthFrom, monthTo } = monthOf(now, zone);
	const today = startOfDay(now, zone);
	const [{ first } = { first: null }] = await sql<{ first: Millis | null }[]>`
		select ${millis(sql, 'first')} as first
		from (select min(occurred_at) as first from ai_requests where ${ofShop(sql, spanOf(filters, { from: 0, to: now }).shop)}) as known`;
	const days = fullDays(now, zone, first);
	const left = Math.max(0, monthTo - now);
	const costsIn = (from: Millis, to: Millis) =>
		hasWords(filters) ? costParts(sql, filters, { from, to }) : aiCounts(sql, spanOf(filters, { from, to }));
	const [row] = await sql<Pick<Forecast, 'soFar' | 'perDay' | 'total'>[]>`
		select ${decimal(sql, 'so_far')} as "soFar", ${decimal(sql, 'per_day')} as "perDay", ${decimal(sql, 'total')} as total
		from (
			select so_far, round(per_day, 6) as per_day, round(so_far + per_day * ${left}::numeric / ${DAY_MS}, 6) as total
			from
				(select coalesce(sum(cost), 0) as so_far from ${costsIn(monthFrom, now)} as month) as month,
				(
					select coalesce(sum(cost), 0) / nullif(${days}::numeric, 0) as per_day
					from ${costsIn(startOfDay(now, zone, -days), today)} as days
				) as days
		) as summed`;
	return {
		since: first,
		monthFrom,
		monthTo,
		soFar: row?.soFar ?? '0',
		days,
		perDay: row?.perDay ?? null,
		daysLeft: left / DAY_MS,
		total: row?.total ?? null
	};
}

/** The month that `at` is in, in the zone. */
function monthOf(at: Millis, zone: string): { monthFrom: Millis; monthTo: Millis } {
	const local = new Date(at + zoneOffset(at, zone));
	const day = local.getUTCDate();
	const length = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 0)).getUTCDate();
	return { monthFrom: startOfDay(at, zone, 1 - day), monthTo: startOfDay(at, zone, length - day + 1) };
}

/** How many of the seven days before today began after the first request. */
function fullDays(now: Millis, zone: string, first: Millis | null): number {
	if (first === null) return 0;
	let days = 0;
	while (days < MOST_DAYS && startOfDay(now, zone, -days - 1) >= first) days++;
	return days;
}
