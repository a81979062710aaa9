/**
 * `ai_requests`: one row for each AI request, however many events tell of it. A request is known by its session (or,
 * without one, its shop) and the client's request id. Each field is the latest that was said of it, and what an outcome
 * says stands over anything that `pending` said, whenever either came.
 */
import { countedOf, REPLACED } from './ai-tallies';
import { asBigint, asNumeric, field, mergeStatement, type Projection } from './merge';

const readableTime = (key: string) => `case when iso_time(data ->> '${key}') is not null then data ->> '${key}' end`;
const asTime = (text: string) => `iso_time(${text})`;

/** Column → [SQL of the text that an event says of it, null when it says nothing; from the text to the column's type]. */
const fields: Record<string, readonly [string, ((text: string) => string)?]> = {
	shop_domain: [`nullif(shop_domain, '')`],
	provider: [`data ->> 'provider'`],
	model: [`data ->> 'model'`],
	model_version: [`data ->> 'modelVersion'`],
	operation: [`data ->> 'operation'`],
	step: [`data ->> 'step'`],
	started_at: [readableTime('startedAt'), asTime],
	completed_at: [readableTime('completedAt'), asTime],
	duration_ms: [`json_number(data -> 'durationMs')::text`, asBigint],
	status: [`data ->> 'status'`],
	cost_usd: [`json_number(data -> 'costUsd')::text`, asNumeric],
	is_regeneration: [`json_boolean(data -> 'isRegeneration')::text`, (text) => `${text}::boolean`],
	regeneration_reason: [`data ->> 'regenerationReason'`],
	error_message: [`data ->> 'errorMessage'`]
};
const register = (name: string) => `${name}_lww`;

const scratch = {
	replaced_cost: ['0', 'coalesce(stored.cost_usd, 0)'],
	replaced_regeneration: ['false', 'coalesce(stored.is_regeneration, false)'],
	[REPLACED]: ['null', countedOf('stored')]
} as const;

// Made of JSON, so that no two pairs are the same text. An empty request id names no request.
const KEY = `md5((
			case
				when coalesce(data ->> 'requestId', '') = '' then json_build_array('event', coalesce(shop_domain, ''), id)
				when session_id is not null then json_build_array('session', session_id, data ->> 'requestId')
				else json_build_array('shop', coalesce(shop_domain, ''), data ->> 'requestId')
			end
		)::text)`;

const merge = `
ai_events as (
	select
		${KEY} as key,
		case when data ->> 'status' <> 'pending' then '1 ' else '0 ' end || stamp as stamp,
		session_id, shop_domain, data, event_time
	from fresh
	where event_type = 'ai_request'
),
ai_merge as (${mergeStatement({
	table: 'ai_requests',
	key: ['id'],
	incoming: `
		select
			key as id, min(data ->> 'requestId') as request_id, min(session_id) as session_id, min(event_time) as occurred_at,
			${Object.entries(fields)
				.map(([name, [text]]) => `max(array[stamp, ${text}]) filter (where ${text} is not null) as ${register(name)}`)
				.join(',\n\t\t\t')}
		from ai_events
		group by key`,
	merged: {
		// The same in all events of a request: they are what its id is made of.
		request_id: 'greatest',
		session_id: 'greatest',
		occurred_at: 'least',
		...Object.fromEntries(Object.keys(fields).map((name) => [register(name), 'latest' as const]))
	},
	derived: Object.fromEntries(Object.entries(fields).map(([name, [, read]]) => [name, field(register(name), 2, read)])),
	scratch,
	returning: `
		session_id, coalesce(cost_usd, 0) as cost, coalesce(is_regeneration, false) as is_regeneration, replaced_cost,
		replaced_regeneration, ${REPLACED}, ${countedOf('stored')} as counted`
})}
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
)`;

const takenOut = `null::text[] as counted, ${countedOf('stored')} as ${REPLACED}`;
const takeOut = `
ai_of_sessions as (
	delete from ai_requests as stored using forgotten_sessions as gone
	where stored.session_id = gone.session_id
	returning ${takenOut}
),
ai_without_session as (
	delete from ai_requests as stored
	using (select distinct ${KEY} as key from fresh where event_type = 'ai_request' and session_id is null) as gone
	where stored.id = gone.key
	returning ${takenOut}
),
ai_merge as materialized (select * from ai_of_sessions union all select * from ai_without_session)`;

export const aiRequests: Projection = {
	table: 'ai_requests',
	scratch: Object.keys(scratch),
	merge: (expected) => (expected.aiRequests ? merge : null),
	unfold: { takeOut }
};
