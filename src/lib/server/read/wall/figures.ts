/**
 * The key figures, exactly as the small print under them says. W is the window, the 24 hours up to now; yesterday's W is
 * the 24 hours before. All times are those of the events.
 *
 *   Active sessions  sessions with status in_progress now (see silent.ts). Yesterday: sessions that had started in the 24 hours up to
 *                    the same time yesterday and had not ended by then.
 *   Success rate     completed ÷ ended, of the sessions that ended in W with whatever status.
 *   Active shops     shops of which a session started in W.
 *   AI cost          the sum of what the AI requests in W cost, by the time of the request.
 *   Errors           error events in W.
 *
 * null says that there is nothing to count: a rate of no sessions, anything before the first event, yesterday when the
 * log does not reach back to then. Every count goes through an index by time that has all it needs; of some shops, through
 * one by shop and time, or through the window's part of one by time.
 */
import type { Sql } from '../../db/connect';
import type { Decimal, Figures, Millis } from '../../../live/messages';
import { decimal, time, type Fragment } from '../columns';
import { isGoingOn } from './silent';
import { andOfShops, WHOLE, type View } from './view';

export const WINDOW_MS = 24 * 3_600_000;

/** The figures of one window. */
export interface WindowFigures {
	activeSessions: number | null;
	completed: number;
	ended: number;
	activeShops: number | null;
	aiCost: Decimal | null;
	errors: number | null;
}

const NOTHING: WindowFigures = {
	activeSessions: null,
	completed: 0,
	ended: 0,
	activeShops: null,
	aiCost: null,
	errors: null
};

/** The figures of the window that ends now. `now` in milliseconds since 1970. */
export async function currentFigures(
	sql: Sql,
	now: Millis,
	silentSince: Millis = 0,
	view: View = WHOLE
): Promise<WindowFigures> {
	const ours = andOfShops(sql, view);
	// Without an upper end: an event that another process committed with a clock some ms ahead is counted, not missed.
	return counted(
		sql,
		(column) => sql`${sql(column)} >= ${time(sql, now - WINDOW_MS)} ${ours}`,
		sql`select count(*)::int from sessions where ${isGoingOn(sql, silentSince)} ${ours}`,
		view.shops ? sql`exists (select from shops where ${isOfView(sql, view.shops)})` : sql`exists (select from commits)`
	);
}

/** The figures of the window that ended 24 hours ago. */
export async function yesterdaysFigures(sql: Sql, now: Millis, view: View = WHOLE): Promise<WindowFigures> {
	const ours = andOfShops(sql, view);
	const end = time(sql, now - WINDOW_MS);
	const start = time(sql, now - 2 * WINDOW_MS);
	return counted(
		sql,
		(column) => sql`${sql(column)} >= ${start} and ${sql(column)} < ${end} ${ours}`,
		// Bounded by the index on started_at: a session of more than a day is left out, one that is reopened counts as
		// going on all the time.
		sql`
			select count(*)::int
			from sessions
			where started_at >= ${start} and started_at < ${end} and (ended_at is null or ended_at >= ${end}) ${ours}`,
		view.shops
			? sql`exists (select from shops where ${isOfView(sql, view.shops)} and first_seen_at < ${end})`
			: sql`least(
				(select min(started_at) from sessions),
				(select min(occurred_at) from error_events),
				(select min(occurred_at) from ai_requests)
			) < ${end}`
	);
}

function isOfView(sql: Sql, shops: readonly string[]): Fragment {
	return sql`domain = any(${[...shops]}::text[])`;
}

async function counted(
	sql: Sql,
	inWindow: (column: string) => Fragment,
	active: Fragment,
	isKnown: Fragment
): Promise<WindowFigures> {
	const [row] = await sql<(WindowFigures & { isKnown: boolean | null })[]>`
		select
			(${active}) as "activeSessions",
			ending.completed,
			ending.ended,
			(
				select count(*)::int
				from (select distinct shop_domain from sessions where ${inWindow('started_at')} and shop_domain is not null) as shops
			) as "activeShops",
			(
				select ${decimal(sql, 'total')}
				from (select coalesce(sum(cost_usd), 0) as total from ai_requests where ${inWindow('occurred_at')}) as costs
			) as "aiCost",
			(select count(*)::int from error_events where ${inWindow('occurred_at')}) as errors,
			(${isKnown}) as "isKnown"
		from (
			select count(*) filter (where status = 'completed')::int as completed, count(*)::int as ended
			from sessions
			where ${inWindow('ended_at')} and ended_at is not null and status <> 'in_progress'
		) as ending`;
	return row?.isKnown ? row : NOTHING;
}

/** What a screen gets that hides figures. */
export function hiddenFigures(at: Millis): Figures {
	return { ...compare(at, NOTHING, NOTHING), hidden: true };
}

/** Both windows side by side. */
export function compare(at: Millis, today: WindowFigures, yesterday: WindowFigures): Figures {
	return {
		at,
		windowMs: WINDOW_MS,
		activeSessions: { value: today.activeSessions, yesterday: yesterday.activeSessions },
		successRate: {
			value: rate(today),
			yesterday: rate(yesterday),
			completed: today.completed,
			ended: today.ended
		},
		activeShops: { value: today.activeShops, yesterday: yesterday.activeShops },
		aiCost: { value: today.aiCost, yesterday: yesterday.aiCost },
		errors: { value: today.errors, yesterday: yesterday.errors }
	};
}

function rate({ completed, ended }: WindowFigures): number | null {
	return ended === 0 ? null : completed / ended;
}
