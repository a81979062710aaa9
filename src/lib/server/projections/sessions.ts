/**
 * `sessions`: one row for each session, from its first event of any type. Which status, end and reason follow from the
 * registers is written in the table's generated columns (migrations/0001): an explicit end stands over a timeout, and a
 * timeout only while no later client event is known.
 */
import { SESSION_TIMED_OUT } from '../../events/vocabulary';
import type { Projection } from './index';

export const sessions: Projection = {
	table: 'sessions',
	scratch: ['replaced_shop', 'replaced_completed'],
	merge: `
session_changes as (
	select
		session_id,
		min(event_time) as first_event_at,
		min(event_time) filter (where event_type = 'session_started') as first_start_at,
		max(array[stamp, shop_domain]) filter (where shop_domain <> '') as shop_lww,
		max(array[
			stamp, device_context ->> 'deviceType', device_context ->> 'os', device_context ->> 'osVersion',
			device_context ->> 'browser', device_context ->> 'browserVersion'
		]) filter (where device_context is not null) as device_lww,
		max(array[
			stamp, data ->> 'productId', data ->> 'productTitle', json_number(data -> 'productPrice')::text,
			data ->> 'entryPoint', data ->> 'referrer', data ->> 'flow', data ->> 'env'
		]) filter (where event_type = 'session_started') as start_lww,
		max(array[
			stamp, coalesce(data ->> 'status', 'abandoned'), json_number(data -> 'durationMs')::text,
			data ->> 'abandonmentStep', coalesce(data ->> 'abandonmentReason', data ->> 'reason')
		]) filter (where event_type = 'session_ended') as end_lww,
		max(array[stamp]) filter (where event_type = '${SESSION_TIMED_OUT}') as timeout_lww,
		max(array[stamp, key_text(data ->> 'step')])
			filter (where event_type = 'step_update' and data ->> 'step' is not null) as step_lww,
		max(case event_type
			when 'post_ar_action' then array[stamp, data ->> 'action']
			when 'add_to_cart_from_ar' then array[stamp, 'add_to_cart']
			when 'session_ended' then array[stamp, data ->> 'postArAction']
		end) filter (where case event_type
			when 'post_ar_action' then data ->> 'action' is not null
			when 'add_to_cart_from_ar' then true
			when 'session_ended' then data ->> 'postArAction' is not null
			else false
		end) as post_ar_lww,
		max(array[stamp, event_type]) filter (where event_type <> '${SESSION_TIMED_OUT}') as client_lww,
		max(server_timestamp) as received_at,
		max(event_time) as updated_at,
		coalesce(bool_or(case event_type
			when 'post_ar_action' then data ->> 'action' = 'add_to_cart'
			when 'add_to_cart_from_ar' then true
			when 'session_ended' then json_boolean(data -> 'addedToCart')
		end), false) as added_to_cart,
		count(*)::integer as event_count,
		(count(*) filter (where event_type = 'error'))::integer as error_count,
		(count(*) filter (where event_type = 'regeneration_requested'))::integer as regeneration_requests
	from fresh
	where session_id is not null
	group by session_id
),
sessions_merge as (
	insert into sessions as stored (
		session_id, first_event_at, first_start_at, shop_lww, device_lww, start_lww, end_lww, timeout_lww, step_lww,
		post_ar_lww, client_lww, received_at, updated_at, added_to_cart, event_count, error_count, regeneration_requests,
		steps_completed, total_ai_cost, regeneration_cost, ai_regenerations
	)
	select
		session_id, first_event_at, first_start_at, shop_lww, device_lww, start_lww, end_lww, timeout_lww, step_lww,
		post_ar_lww, client_lww, received_at, updated_at, added_to_cart, event_count, error_count, regeneration_requests,
		coalesce(step_changes.completed, 0), coalesce(ai_changes.cost, 0), coalesce(ai_changes.regeneration_cost, 0),
		coalesce(ai_changes.regenerations, 0)
	from session_changes
	left join step_changes using (session_id)
	left join ai_changes using (session_id)
	order by session_id
	on conflict (session_id) do update set
		first_event_at = least(stored.first_event_at, excluded.first_event_at),
		first_start_at = least(stored.first_start_at, excluded.first_start_at),
		shop_lww = greatest(stored.shop_lww, excluded.shop_lww),
		device_lww = greatest(stored.device_lww, excluded.device_lww),
		start_lww = greatest(stored.start_lww, excluded.start_lww),
		end_lww = greatest(stored.end_lww, excluded.end_lww),
		timeout_lww = greatest(stored.timeout_lww, excluded.timeout_lww),
		step_lww = greatest(stored.step_lww, excluded.step_lww),
		post_ar_lww = greatest(stored.post_ar_lww, excluded.post_ar_lww),
		client_lww = greatest(stored.client_lww, excluded.client_lww),
		received_at = greatest(stored.received_at, excluded.received_at),
		updated_at = greatest(stored.updated_at, excluded.updated_at),
		added_to_cart = stored.added_to_cart or excluded.added_to_cart,
		event_count = stored.event_count + excluded.event_count,
		error_count = stored.error_count + excluded.error_count,
		regeneration_requests = stored.regeneration_requests + excluded.regeneration_requests,
		steps_completed = stored.steps_completed + excluded.steps_completed,
		total_ai_cost = stored.total_ai_cost + excluded.total_ai_cost,
		regeneration_cost = stored.regeneration_cost + excluded.regeneration_cost,
		ai_regenerations = stored.ai_regenerations + excluded.ai_regenerations,
		replaced_shop = stored.shop_domain,
		replaced_completed = stored.status = 'completed'
	returning session_id, shop_domain, status, replaced_shop, replaced_completed
)`
};
