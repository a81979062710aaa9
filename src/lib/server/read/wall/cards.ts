/**
 * Sessions as lanes and lists show them. Every query is bounded, by the ids it is given or by a limit, and goes through
 * an index; the steps come with their sessions in one statement, so that a card is never half old.
 */
import type { Sql } from '../../db/connect';
import type { Millis, SessionCard } from '../../../live/messages';
import { beginning, decimal, millis, type Fragment } from '../columns';
import { endedOfShops } from './ended';
import { isGoingOn } from './silent';
import { andOfShops, WHOLE, type View } from './view';

/** How many active and how many ended sessions a snapshot of the wall has. */
export const WALL_CARDS = { active: 400, ended: 40 } as const;

/**
 * Where there are more active sessions than these, the list is of the latest started ones, and of those the latest
 * changed: there is an index by start, and one by change would cost every commit.
 */
const ACTIVE_CONSIDERED = 5_000;
/** A session has five steps; one that invents them without end must not fill every screen with them. */
const CARD_STEPS = 40;

/** The named sessions, in no particular order; those that do not exist, or are not of the view, are left out. */
export async function cards(sql: Sql, sessionIds: string[], view: View = WHOLE): Promise<SessionCard[]> {
	if (sessionIds.length === 0) return [];
	return sql<SessionCard[]>`
		select ${cardColumns(sql)}
		from sessions
		where session_id = any(${sessionIds}::text[]) ${andOfShops(sql, view)}`;
}

/** The active sessions, the latest changed first. See silent.ts. */
export async function activeCards(sql: Sql, silentSince: Millis, view: View = WHOLE): Promise<SessionCard[]> {
	return sql<SessionCard[]>`
		select ${cardColumns(sql)}
		from (
			select *
			from (
				select *
				from sessions
				where ${isGoingOn(sql, silentSince)} ${andOfShops(sql, view)}
				order by started_at desc
				limit ${ACTIVE_CONSIDERED}
			) as started
			order by updated_at desc
			limit ${WALL_CARDS.active}
		) as sessions
		order by sessions.updated_at desc, sessions.session_id`;
}

/** The latest ended sessions, the last one first. */
export async function endedCards(sql: Sql, { shops }: View = WHOLE): Promise<SessionCard[]> {
	const latest = shops
		? endedOfShops(sql, shops, WALL_CARDS.ended)
		: sql`
			select *
			from sessions
			where ended_at is not null and status <> 'in_progress'
			order by ended_at desc, session_id desc
			limit ${WALL_CARDS.ended}`;
	return sql<SessionCard[]>`
		select ${cardColumns(sql)}
		from (${latest}) as sessions
		order by sessions.ended_at desc, sessions.session_id desc`;
}

/** The columns of a SessionCard, from a relation that is called `sessions`. */
export function cardColumns(sql: Sql): Fragment {
	return sql`
		sessions.session_id as "sessionId",
		sessions.event_count as version,
		sessions.shop_domain as shop,
		${beginning(sql, 'sessions.product_title', 255)} as product,
		${beginning(sql, 'sessions.device_type', 255)} as "deviceType",
		sessions.status,
		${millis(sql, 'sessions.started_at')} as "startedAt",
		${millis(sql, 'sessions.updated_at')} as "updatedAt",
		${millis(sql, 'sessions.ended_at')} as "endedAt",
		sessions.duration_ms::float8 as "durationMs",
		sessions.current_step as "currentStep",
		sessions.client_lww[2] as activity,
		${beginning(sql, 'sessions.abandonment_step', 255)} as "abandonmentStep",
		${beginning(sql, 'sessions.abandonment_reason', 255)} as "abandonmentReason",
		(
			select coalesce(json_agg(
				json_build_object(
					'step', steps.step,
					'status', ${beginning(sql, 'steps.status', 255)},
					'startedAt', ${millis(sql, 'steps.started_at')},
					'completedAt', ${millis(sql, 'steps.completed_at')},
					'durationMs', steps.duration_ms
				)
				order by ${stepOrder(sql)}
			), '[]')
			from (
				select *
				from session_steps as steps
				where steps.session_id = sessions.session_id
				order by steps.completed_at is null desc, steps.completed_at desc, steps.step
				limit ${CARD_STEPS}
			) as steps
		) as steps,
		sessions.error_count as "errorCount",
		${decimal(sql, 'sessions.total_ai_cost')} as "aiCost"`;
}

/** The order in which steps began; one of which only its end is known takes the place of that. */
export function stepOrder(sql: Sql): Fragment {
	return sql`coalesce(steps.started_at, steps.completed_at, stamp_time(steps.status_lww[1])), steps.step`;
}
