/**
 * Which shops need attention now, and why. The rules, whatever range a page shows:
 *
 *   quiet      sessions on at least 4 of the 7 UTC days before the last 24 hours began, and none in those 24 hours
 *   success    completed ÷ ended, of sessions started in the last 7 days, is at least 15 points below that of the 7 days
 *              before, with at least 20 ended sessions in both
 *   errors     at least 10 errors in the last 24 hours, and at least twice the mean day of the 7 days before
 *   set-up     a product's set-up that was begun, and of which nothing was heard for over a day; of the last 90 days
 */
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { time } from '../columns';
import { shopErrorCounts, shopSessions } from '../tallies';

export const DAY_MS = 86_400_000;
const READ_WITHIN_MS = 10_000;
const ACTIVE_DAYS = 4;
const FEWEST_ENDED = 20;
const POINTS = 0.15;
const FEWEST_ERRORS = 10;
const TIMES_MORE = 2;
const SETUP_DAYS = 90;

export type Attention =
	/** On how many of the 7 days there were sessions. */
	| { why: 'quiet'; activeDays: number }
	/** Completed ÷ ended, now and before. */
	| { why: 'success'; now: number; before: number }
	/** Errors of the last 24 hours, and the mean day before. */
	| { why: 'errors'; now: number; before: number }
	/** How many set-ups. */
	| { why: 'set-up'; setups: number };

/** Why shops need attention; those that don't are not in it. */
export async function shopsInNeed(sql: Sql, now: Millis): Promise<Map<string, Attention[]>> {
	const found = await within(
		READ_WITHIN_MS,
		Promise.all([wentQuiet(sql, now), successFell(sql, now), errorsRose(sql, now), setupsLeft(sql, now)])
	);
	const reasons = new Map<string, Attention[]>();
	for (const { shop, ...reason } of found.flat()) {
		if (shop !== '') reasons.set(shop, [...(reasons.get(shop) ?? []), reason]);
	}
	return reasons;
}

type Found<Why extends Attention['why']> = ({ shop: string } & Extract<Attention, { why: Why }>)[];

async function wentQuiet(sql: Sql, now: Millis): Promise<Found<'quiet'>> {
	const lastDay = Math.floor((now - DAY_MS) / DAY_MS) * DAY_MS;
	return sql<Found<'quiet'>>`
		select shop, 'quiet' as why, days::int as "activeDays"
		from (
			select shop, count(distinct bucket) filter (where sessions > 0) as days
			from session_tallies
			where dimension = 'shop_day' and bucket >= ${time(sql, lastDay - 7 * DAY_MS)} and bucket < ${time(sql, lastDay)}
			group by shop
		) as counted
		where days >= ${ACTIVE_DAYS} and shop not in (
			select shop from ${shopSessions(sql, { from: now - DAY_MS, to: now, shop: null })} as today
			where sessions > 0
		)`;
}

async function successFell(sql: Sql, now: Millis): Promise<Found<'success'>> {
	const rates = (from: Millis, to: Millis) => sql`(
		select shop, sum(completed)::float8 / sum(sessions - active) as rate
		from ${shopSessions(sql, { from, to, shop: null })} as counted
		group by shop
		having sum(sessions - active) >= ${FEWEST_ENDED}
	)`;
	return sql<Found<'success'>>`
		select shop, 'success' as why, later.rate as now, earlier.rate as before
		from ${rates(now - 7 * DAY_MS, now)} as later
		join ${rates(now - 14 * DAY_MS, now - 7 * DAY_MS)} as earlier using (shop)
		where later.rate <= earlier.rate - ${POINTS}::float8 + 1e-9`;
}

async function errorsRose(sql: Sql, now: Millis): Promise<Found<'errors'>> {
	const counts = (from: Millis, to: Millis) => sql`(
		select shop, sum(errors)::float8 as errors
		from ${shopErrorCounts(sql, { from, to, shop: null })} as counted
		group by shop
	)`;
	return sql<Found<'errors'>>`
		select shop, 'errors' as why, later.errors as now, coalesce(earlier.errors, 0) / 7 as before
		from ${counts(now - DAY_MS, now)} as later
		left join ${counts(now - 8 * DAY_MS, now - DAY_MS)} as earlier using (shop)
		where later.errors >= ${FEWEST_ERRORS} and later.errors >= coalesce(earlier.errors, 0) / 7 * ${TIMES_MORE}`;
}

async function setupsLeft(sql: Sql, now: Millis): Promise<Found<'set-up'>> {
	return sql<Found<'set-up'>>`
		select shop, 'set-up' as why, count(*)::int as setups
		from product_setups
		where state = 'started'
			and state_at >= ${time(sql, now - SETUP_DAYS * DAY_MS)} and state_at < ${time(sql, now - DAY_MS)}
		group by shop`;
}
