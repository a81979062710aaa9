/**
 * `ai_requests`: one row for each AI request, however many events tell of it. A request is known by its session (or,
 * without one, its shop) and the client's request id. Each field is the latest that was said of it, and what an outcome
 * says stands over anything that `pending` said, whenever either came.
 */
import type { Projection } from './index';

/** Register column → SQL of the value it takes from an event; all are text, null when the event does not say. */
const fields: Record<string, string> = {
	shop_lww: `nullif(shop_domain, '')`,
	provider_lww: `data ->> 'provider'`,
	model_lww: `data ->> 'model'`,
	model_version_lww: `data ->> 'modelVersion'`,
	operation_lww: `data ->> 'operation'`,
	step_lww: `data ->> 'step'`,
	started_lww: `data ->> 'startedAt'`,
	completed_lww: `data ->> 'completedAt'`,
	duration_lww: `json_number(data -> 'durationMs')::text`,
	status_lww: `data ->> 'status'`,
	cost_lww: `json_number(data -> 'costUsd')::text`,
	regeneration_lww: `json_boolean(data -> 'isRegeneration')::text`,
	regeneration_reason_lww: `data ->> 'regenerationReason'`,
	error_message_lww: `data ->> 'errorMessage'`
};
const columns = Object.keys(fields);

export const aiRequests: Projection = {
	table: 'ai_requests',
	scratch: ['replaced_cost', 'replaced_regeneration'],
	merge: `
ai_events as (
	select
		md5(
			case
				when data ->> 'requestId' is null then 'event' || chr(31) || coalesce(shop_domain, '') || chr(31) || id
				when session_id is not null then 'session' || chr(31) || session_id || chr(31) || (data ->> 'requestId')
				else 'shop' || chr(31) || coalesce(shop_domain, '') || chr(31) || (data ->> 'requestId')
			end
		) as key,
		case when data ->> 'status' <> 'pending' then '1 ' else '0 ' end || stamp as stamp,
		session_id, shop_domain, data, event_time
	from fresh
	where event_type = 'ai_request'
),
ai_merge as (
	insert into ai_requests as stored (id, request_id, session_id, occurred_at, ${columns.join(', ')})
	select
		key, min(data ->> 'requestId'), min(session_id), min(event_time),
		${columns.map((column) => `max(array[stamp, ${fields[column]}]) filter (where ${fields[column]} is not null)`).join(',\n\t\t')}
	from ai_events
	group by key
	order by key
	on conflict (id) do update set
		occurred_at = least(stored.occurred_at, excluded.occurred_at),
		${columns.map((column) => `${column} = greatest(stored.${column}, excluded.${column})`).join(',\n\t\t')},
		replaced_cost = coalesce(stored.cost_usd, 0),
		replaced_regeneration = stored.is_regeneration
	returning session_id, coalesce(cost_usd, 0) as cost, is_regeneration, replaced_cost, replaced_regeneration
),
ai_changes as (
	select
		session_id,
		sum(cost - replaced_cost) as cost,
		sum(case when is_regeneration then cost else 0 end - case when replaced_regeneration then replaced_cost else 0 end)
			as regeneration_cost,
		sum(is_regeneration::integer - replaced_regeneration::integer)::integer as regenerations
	from ai_merge
	where session_id is not null
	group by session_id
)`
};
