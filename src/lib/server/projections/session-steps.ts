/**
 * `session_steps`: one row for each step of a session. A step can be redone, so its status is that of the latest
 * `step_update`, and what came out of it (duration, how, error) is of the latest one that was not `started`.
 * Counts are what the clients counted up to then: the largest stands.
 */
import type { Projection } from './index';

export const sessionSteps: Projection = {
	table: 'session_steps',
	scratch: ['completed_now'],
	merge: `
step_events as materialized (
	select session_id, key_text(data ->> 'step') as step, data ->> 'status' as status, stamp, event_time, data
	from fresh
	where event_type = 'step_update' and session_id is not null and data ->> 'step' is not null
),
steps_merge as (
	insert into session_steps as stored (
		session_id, step, status_lww, outcome_lww, started_at, completed_at,
		retake_count, mask_edit_count, placement_adjustments, regeneration_count, completed_now
	)
	select
		session_id, step,
		max(array[stamp, status, (data - 'step' - 'status')::text]) filter (where status is not null),
		max(array[
			stamp, json_number(data -> 'durationMs')::text, data ->> 'autoVsManual',
			json_number(data -> 'autoConfidence')::text, data ->> 'errorCode', data ->> 'errorMessage'
		]) filter (where status <> 'started'),
		min(event_time) filter (where status = 'started'),
		max(event_time) filter (where status = 'completed'),
		coalesce(max(json_integer(data -> 'retakeCount')), 0),
		coalesce(max(json_integer(data -> 'maskEditCount')), 0),
		coalesce(max(json_integer(data -> 'placementAdjustments')), 0),
		coalesce(max(json_integer(data -> 'regenerationCount')), 0),
		coalesce(bool_or(status = 'completed'), false)
	from step_events
	group by session_id, step
	order by session_id, step
	on conflict (session_id, step) do update set
		status_lww = greatest(stored.status_lww, excluded.status_lww),
		outcome_lww = greatest(stored.outcome_lww, excluded.outcome_lww),
		started_at = least(stored.started_at, excluded.started_at),
		completed_at = greatest(stored.completed_at, excluded.completed_at),
		retake_count = greatest(stored.retake_count, excluded.retake_count),
		mask_edit_count = greatest(stored.mask_edit_count, excluded.mask_edit_count),
		placement_adjustments = greatest(stored.placement_adjustments, excluded.placement_adjustments),
		regeneration_count = greatest(stored.regeneration_count, excluded.regeneration_count),
		completed_now = stored.completed_at is null and excluded.completed_at is not null
	returning session_id, completed_now
),
step_changes as (
	select session_id, count(*) filter (where completed_now) as completed from steps_merge group by session_id
)`
};
