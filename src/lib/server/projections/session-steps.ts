/**
 * `session_steps`: one row for each step of a session. A step can be redone, so its status is that of the latest
 * `step_update`, and what came out of it (duration, how, error) is of the latest one that was not `started`.
 * Counts are what the clients counted up to then: the largest stands, and is never below none.
 */
import { asBigint, asNumeric, field, mergeStatement, type Projection } from './merge';

const scratch = {
	completed_now: [
		'incoming.completed_at is not null',
		'stored.completed_at is null and excluded.completed_at is not null'
	]
} as const;

const merge = `
step_events as materialized (
	select session_id, key_text(data ->> 'step') as step, data ->> 'status' as status, stamp, event_time, data
	from fresh
	where event_type = 'step_update' and session_id is not null and data ->> 'step' is not null
),
steps_merge as (${mergeStatement({
	table: 'session_steps',
	key: ['session_id', 'step'],
	incoming: `
		select
			session_id, step,
			max(array[stamp, status, (data - 'step' - 'status')::text]) filter (where status is not null) as status_lww,
			max(array[
				stamp, json_number(data -> 'durationMs')::text, data ->> 'autoVsManual',
				json_number(data -> 'autoConfidence')::text, data ->> 'errorCode', data ->> 'errorMessage'
			]) filter (where status <> 'started') as outcome_lww,
			min(event_time) filter (where status = 'started') as started_at,
			max(event_time) filter (where status = 'completed') as completed_at,
			greatest(0, max(json_integer(data -> 'retakeCount'))) as retake_count,
			greatest(0, max(json_integer(data -> 'maskEditCount'))) as mask_edit_count,
			greatest(0, max(json_integer(data -> 'placementAdjustments'))) as placement_adjustments,
			greatest(0, max(json_integer(data -> 'regenerationCount'))) as regeneration_count
		from step_events
		group by session_id, step`,
	merged: {
		status_lww: 'latest',
		outcome_lww: 'latest',
		started_at: 'least',
		completed_at: 'greatest',
		retake_count: 'greatest',
		mask_edit_count: 'greatest',
		placement_adjustments: 'greatest',
		regeneration_count: 'greatest'
	},
	derived: {
		status: field('status_lww', 2),
		metadata: field('status_lww', 3, (text) => `${text}::jsonb`),
		duration_ms: field('outcome_lww', 2, asBigint),
		auto_vs_manual: field('outcome_lww', 3),
		auto_confidence: field('outcome_lww', 4, asNumeric),
		error_code: field('outcome_lww', 5),
		error_message: field('outcome_lww', 6)
	},
	scratch,
	returning: 'session_id, completed_now'
})}
),
step_changes as (
	select session_id, count(*) filter (where completed_now) as completed from steps_merge group by session_id
)`;

const takeOut = `
steps_merge as (
	delete from session_steps as stored using forgotten_sessions as gone
	where stored.session_id = gone.session_id
	returning stored.session_id
)`;

export const sessionSteps: Projection = {
	table: 'session_steps',
	scratch: Object.keys(scratch),
	merge: (expected) => (expected.steps ? merge : null),
	unfold: { takeOut }
};
