/**
 * What sessions cost, by the time they started: all their AI requests, whenever those came. So these sums are not those
 * of the requests in the same range, and are never shown as if they were.
 */
import type { Decimal, Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { beginning, decimal, millis, time } from '../columns';
import { spanOf, type CostQuestion } from './parts';
import { sessionCounts, sessionParts, type Span } from '../tallies';

/** Sessions have no index by cost, which every AI request would have to move: so many are looked through. */
export const SESSIONS_LOOKED_AT = 2_000;
const DEAREST = 10;

export interface SessionCosts {
	sessions: number;
	completed: number;
	active: number;
	cost: Decimal;
	/** To a millionth of a dollar; null when there is no such session. */
	perSession: Decimal | null;
	perCompleted: Decimal | null;
	/** What the sessions cost that were abandoned or failed. */
	lostCost: Decimal;
	lost: number;
}

/** What the sessions that started in a span cost. */
export async function sessionCosts(sql: Sql, span: Span): Promise<SessionCosts> {
	const [row] = await sql<SessionCosts[]>`
		select
			sessions::float8, completed::float8, active::float8, lost::float8, ${decimal(sql, 'cost')} as cost,
			${decimal(sql, 'per_session')} as "perSession", ${decimal(sql, 'per_completed')} as "perCompleted",
			${decimal(sql, 'lost_cost')} as "lostCost"
		from (
			select *, round(cost / nullif(sessions, 0), 6) as per_session, round(cost / nullif(completed, 0), 6) as per_completed
			from (
				select
					coalesce(sum(sessions), 0) as sessions, coalesce(sum(completed), 0) as completed,
					coalesce(sum(active), 0) as active, coalesce(sum(cost), 0) as cost,
					coalesce(sum(sessions - completed) filter (where active = 0), 0) as lost,
					coalesce(sum(cost - completed_cost) filter (where active = 0), 0) as lost_cost
				from ${sessionCounts(sql, span)} as counted
			) as summed
		) as shared`;
	if (!row) throw new Error('a sum without a group has one row');
	return row;
}

export interface LostRow {
	/** JSON of the step and the reason; null for all that are not named. */
	exit: string | null;
	exits: number;
	sessions: number;
	cost: Decimal;
}

/** What sessions cost that were not completed, by where and why they were left, dearest first. @param most how many exits are named */
export async function lostByExit(sql: Sql, span: Span, most: number): Promise<LostRow[]> {
	return sql<LostRow[]>`
		select
			case when place <= ${most} then exit end as exit, exits, sessions, ${decimal(sql, 'cost')} as cost
		from (
			select
				place, min(exit) as exit, count(*)::int as exits,
				sum(sessions) as sessions, sum(cost) as cost
			from (
				select
					exit, sessions, cost,
					least(row_number() over (order by cost desc, sessions desc, exit), ${most + 1}::int) as place
				from (
					select value as exit, sum(sessions::float8) as sessions, sum(cost) as cost
					from ${sessionParts(sql, 'exit', span)} as parts
					where value <> ''
					group by value
				) as exits
				where sessions > 0
			) as placed
			group by place
		) as listed
		order by listed.place`;
}

export interface DearSession {
	sessionId: string;
	shop: string | null;
	product: string | null;
	status: string;
	startedAt: Millis;
	cost: Decimal;
	regenerations: number;
}

export interface Dearest {
	rows: DearSession[];
	/** How many sessions were looked at, the latest of the range, and how far back that is. */
	lookedAt: number;
	backTo: Millis | null;
	/** Did the range have more of them? */
	isCut: boolean;
}

/** The sessions that cost most, among the latest of the range. */
export async function dearestSessions(sql: Sql, question: CostQuestion): Promise<Dearest> {
	const { from, to, shop } = spanOf(question.filters, question.range);
	const ofShop = shop === null ? sql`true` : shop === '' ? sql`shop_domain is null` : sql`shop_domain = ${shop}`;
	const latest = sql`
		select session_id, started_at, total_ai_cost
		from sessions
		where started_at >= ${time(sql, from)} and started_at < ${time(sql, to)} and ${ofShop}
		order by started_at desc, session_id desc
		limit ${SESSIONS_LOOKED_AT}`;
	const [looked] = await sql<{ lookedAt: number; backTo: Millis | null; dearest: string[] }[]>`
		with latest as materialized (${latest})
		select
			count(*)::int as "lookedAt", floor(extract(epoch from min(started_at)) * 1000)::float8 as "backTo",
			array(
				select session_id from latest where total_ai_cost > 0 order by total_ai_cost desc, session_id limit ${DEAREST}
			) as dearest
		from latest`;
	if (!looked) throw new Error('a count without a group has one row');
	const { lookedAt, backTo, dearest } = looked;
	const rows = await sql<DearSession[]>`
		select
			session_id as "sessionId", shop_domain as shop, ${beginning(sql, 'product_title', 255)} as product, status,
			${millis(sql, 'started_at')} as "startedAt", ${decimal(sql, 'total_ai_cost')} as cost,
			ai_regenerations as regenerations
		from sessions
		where session_id = any(${dearest}::text[])
		order by total_ai_cost desc, session_id`;
	return { rows, lookedAt, backTo, isCut: lookedAt === SESSIONS_LOOKED_AT };
}
