/** Where and why sessions were left, what came after them, and how far those of a device, a shop or a product came. */
import { STEPS } from '../../../events/vocabulary';
import type { Sql } from '../../db/connect';
import { latestEnded, split, type Asked } from './sessions';

/** Of so many sessions, the latest, times of steps are taken. */
const SESSIONS_MEASURED = 200;

export interface ExitRow {
	/** '' where nobody said. */
	step: string;
	/** null for all reasons that are not named. */
	reason: string | null;
	reasons: number;
	sessions: number;
	/** All that were left at the step. */
	ofStep: number;
}

/**
 * Where and why sessions were left that are over and not completed: the steps with most first, and so their reasons.
 * @param most how many reasons of a step are named, and how many rows there are of all steps
 */
export async function exits(sql: Sql, asked: Asked, most: { reasons: number; rows: number }): Promise<ExitRow[]> {
	return sql<ExitRow[]>`
		select
			step, case when place <= ${most.reasons} then min(reason) end as reason, count(*)::int as reasons,
			sum(sessions) as sessions, min(of_step) as "ofStep"
		from (
			select
				step, reason, sessions, sum(sessions) over (partition by step) as of_step,
				least(row_number() over (partition by step order by sessions desc, reason), ${most.reasons + 1}::int) as place
			from (
				select value::json ->> 0 as step, value::json ->> 1 as reason, sessions
				from (
					select value, sum(sessions::float8) as sessions
					from ${split(sql, asked, 'exit')} as parts
					where active = 0 and value <> ''
					group by value
				) as left_at
			) as left_at
			where sessions > 0
		) as placed
		group by step, place
		order by "ofStep" desc, step, place
		limit ${most.rows}`;
}

export interface ActionRow {
	/** '' for sessions after which nothing was told; null for all that are not named. */
	action: string | null;
	actions: number;
	sessions: number;
}

/** What came after the sessions that are over. */
export async function postArActions(sql: Sql, asked: Asked, most: number): Promise<ActionRow[]> {
	return sql<ActionRow[]>`
		select
			case when place <= ${most} then min(action) end as action, count(*)::int as actions,
			sum(sessions) as sessions
		from (
			select action, sessions, least(row_number() over (order by action = '', sessions desc, action), ${most + 1}::int) as place
			from (
				select value as action, sum(sessions::float8) as sessions
				from ${split(sql, asked, 'post_ar')} as parts
				where active = 0
				group by value
			) as actions
			where sessions > 0
		) as placed
		group by place
		order by place`;
}

export const JOURNEY_SPLITS = ['device', 'shop', 'product'] as const;
export type JourneySplit = (typeof JOURNEY_SPLITS)[number];

export interface PartRow {
	/** '' for none; null for all that are not named. */
	value: string | null;
	values: number;
	sessions: number;
	active: number;
	completed: number;
	carts: number;
	/** One each of the five steps. */
	reached: number[];
}

/** How far the sessions of each device, shop or product came, those with most sessions first. */
export async function parts(sql: Sql, asked: Asked, dimension: JourneySplit, most: number): Promise<PartRow[]> {
	const reached = STEPS.map((_, index) => `reached_${index + 1}`);
	const names = ['sessions', 'active', 'completed', 'carts', ...reached];
	const sums = sql.unsafe(names.map((name) => `sum(${name}::float8) as ${name}`).join(', '));
	return sql<PartRow[]>`
		select value, values, sessions, active, completed, carts, array[${sql.unsafe(reached.join(', '))}] as reached
		from (
			select case when place <= ${most} then min(value) end as value, count(*)::int as values, place, ${sums}
			from (
				select *, least(row_number() over (order by sessions desc, value), ${most + 1}::int) as place
				from (select value, ${sums} from ${split(sql, asked, dimension)} as parts group by value) as valued
				where sessions > 0
			) as placed
			group by place
		) as listed
		order by place`;
}

export interface StepRow {
	step: string;
	/** Sessions that told of the step. */
	sessions: number;
	failed: number;
	/** Sessions in which any of it was done again. */
	redone: number;
	retakes: number;
	maskEdits: number;
	adjustments: number;
	regenerations: number;
	/** Sessions of which it is known how long the step took. */
	measured: number;
	medianMs: number | null;
	p95Ms: number | null;
}

export interface StepTimes {
	/** How many sessions were measured: the latest of the range that are over. */
	sessions: number;
	most: number;
	steps: StepRow[];
}

/** How long the five steps took, and what was done again. */
export async function stepTimes(sql: Sql, asked: Asked): Promise<StepTimes> {
	const [row] = await sql<{ sessions: number; steps: StepRow[] | null }[]>`
		with latest as materialized ${latestEnded(sql, asked, SESSIONS_MEASURED)},
		told as (
			select
				step, status, retake_count, mask_edit_count, placement_adjustments, regeneration_count,
				retake_count + mask_edit_count + placement_adjustments + regeneration_count as again,
				case when completed_at is not null then greatest(0, coalesce(
					duration_ms, floor(extract(epoch from completed_at - started_at) * 1000)::bigint
				)) end as took
			from latest
			cross join lateral (
				select * from session_steps as steps
				where steps.session_id = latest.session_id and step = any(${[...STEPS]}::text[])
				limit ${STEPS.length}
			) as steps
			where status is distinct from 'skipped'
		),
		steps as (
			select
				step, count(*)::int as sessions, (count(*) filter (where status = 'failed'))::int as failed,
				(count(*) filter (where again > 0))::int as redone,
				sum(retake_count)::float8 as retakes, sum(mask_edit_count)::float8 as "maskEdits",
				sum(placement_adjustments)::float8 as adjustments, sum(regeneration_count)::float8 as regenerations,
				count(took)::int as measured,
				percentile_disc(0.5) within group (order by took)::float8 as "medianMs",
				percentile_disc(0.95) within group (order by took)::float8 as "p95Ms"
			from told
			group by step
		)
		select
			(select count(*)::int from latest) as sessions,
			(select json_agg(steps order by array_position(${[...STEPS]}::text[], step)) from steps) as steps`;
	return { sessions: row?.sessions ?? 0, most: SESSIONS_MEASURED, steps: row?.steps ?? [] };
}
