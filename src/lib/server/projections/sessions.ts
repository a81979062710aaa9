/**
 * `sessions`: one row for each session, from its first event of any type. An explicit end stands over a timeout, and a
 * timeout only while no later client event is known. What ended is not in progress, whatever word its end came with.
 */
import { SESSION_TIMED_OUT, STEPS } from '../../events/vocabulary';
import type { Expected } from './expected';
import { asBigint, asNumeric, field, mergeStatement, SERVER_MADE, type MergeKind, type Projection } from './merge';
import { countedOf, REPLACED } from './session-tallies';

type Column = (name: string) => string;

/** The server alone knows that a session is silent: a client's event of that type is one like any other. */
const IS_TIMEOUT = `event_type = '${SESSION_TIMED_OUT}' and ${SERVER_MADE}`;

/** Whether the session is closed by a timeout, as long as it has no explicit end. */
const timedOut = (column: Column) => `${column('timeout_lww')}[1] > coalesce(${column('client_lww')}[1], '')`;
const startedAt = (column: Column) => `coalesce(${column('first_start_at')}, ${column('first_event_at')})`;
/** One thing of a session with an explicit end, another of one that timed out; null of one in progress. */
const ofEnd = (column: Column, ended: string, silent: string) =>
	`case when ${column('end_lww')} is not null then ${ended} when ${timedOut(column)} then ${silent} end`;

const scratch = {
	replaced_shop: ['null', 'stored.shop_domain'],
	replaced_completed: ['false', `stored.status = 'completed'`],
	[REPLACED]: ['null', countedOf('stored')]
} as const;

/** Column → [how it is merged, SQL of what the new events of a session say]. */
const changes: Record<string, readonly [MergeKind, string]> = {
	first_event_at: ['least', `min(event_time)`],
	first_start_at: ['least', `min(event_time) filter (where event_type = 'session_started')`],
	shop_lww: ['latest', `max(array[stamp, shop_domain]) filter (where shop_domain <> '')`],
	device_lww: [
		'latest',
		`max(array[
			stamp, device_context ->> 'deviceType', device_context ->> 'os', device_context ->> 'osVersion',
			device_context ->> 'browser', device_context ->> 'browserVersion'
		]) filter (where device_context is not null)`
	],
	start_lww: [
		'latest',
		`max(array[
			stamp, data ->> 'productId', data ->> 'productTitle', json_number(data -> 'productPrice')::text,
			data ->> 'entryPoint', data ->> 'referrer', data ->> 'flow', data ->> 'env'
		]) filter (where event_type = 'session_started')`
	],
	end_lww: [
		'latest',
		`max(array[
			stamp, coalesce(nullif(key_text(data ->> 'status'), 'in_progress'), 'abandoned'), json_number(data -> 'durationMs')::text,
			data ->> 'abandonmentStep', coalesce(data ->> 'abandonmentReason', data ->> 'reason')
		]) filter (where event_type = 'session_ended')`
	],
	timeout_lww: ['latest', `max(array[stamp]) filter (where ${IS_TIMEOUT})`],
	step_lww: [
		'latest',
		`max(array[stamp, key_text(data ->> 'step')])
			filter (where event_type = 'step_update' and data ->> 'step' is not null)`
	],
	post_ar_lww: [
		'latest',
		`max(case event_type
			when 'post_ar_action' then array[stamp, data ->> 'action']
			when 'add_to_cart_from_ar' then array[stamp, 'add_to_cart']
			when 'session_ended' then array[stamp, data ->> 'postArAction']
		end) filter (where case event_type
			when 'post_ar_action' then data ->> 'action' is not null
			when 'add_to_cart_from_ar' then true
			when 'session_ended' then data ->> 'postArAction' is not null
			else false
		end)`
	],
	steps_seen: [
		'bits',
		`coalesce(bit_or(case data ->> 'step' ${STEPS.map((step, index) => `when '${step}' then ${1 << index}`).join(' ')} else 0 end)
			filter (where event_type = 'step_update' and data ->> 'status' is distinct from 'skipped'), 0)`
	],
	client_lww: ['latest', `max(array[stamp, event_type]) filter (where not (${IS_TIMEOUT}))`],
	received_at: ['greatest', `max(server_timestamp) filter (where not (${IS_TIMEOUT}))`],
	updated_at: ['greatest', `max(event_time)`],
	added_to_cart: [
		'or',
		`coalesce(bool_or(case event_type
			when 'post_ar_action' then data ->> 'action' = 'add_to_cart'
			when 'add_to_cart_from_ar' then true
			when 'session_ended' then json_boolean(data -> 'addedToCart')
		end), false)`
	],
	event_count: ['sum', `count(*)::integer`],
	error_count: ['sum', `(count(*) filter (where event_type = 'error'))::integer`],
	regeneration_requests: ['sum', `(count(*) filter (where event_type = 'regeneration_requested'))::integer`]
};

/** The same, from what other projections changed. */
const stepChanges: typeof changes = {
	steps_completed: ['sum', `coalesce(step_changes.completed, 0)::integer`]
};
const aiChanges: typeof changes = {
	total_ai_cost: ['total', `trim_scale(coalesce(ai_changes.cost, 0))`],
	regeneration_cost: ['total', `trim_scale(coalesce(ai_changes.regeneration_cost, 0))`],
	ai_regenerations: ['sum', `coalesce(ai_changes.regenerations, 0)`]
};

const derived: Record<string, (column: Column) => string> = {
	shop_domain: field('shop_lww', 2),
	status: (column) => `coalesce(${ofEnd(column, `${column('end_lww')}[2]`, `'abandoned'`)}, 'in_progress')`,
	started_at: startedAt,
	ended_at: (column) => ofEnd(column, `stamp_time(${column('end_lww')}[1])`, `stamp_time(${column('timeout_lww')}[1])`),
	// As the client measured it; else from start to end, for a timeout to the last sign of life.
	duration_ms: (column) => {
		const end = `${column('end_lww')}[1]`;
		const lastSign = `coalesce(${column('client_lww')}[1], ${column('timeout_lww')}[1])`;
		const until = (stamp: string) =>
			`greatest(0, extract(epoch from stamp_time(${stamp}) - ${startedAt(column)}) * 1000)::bigint`;
		return ofEnd(column, `coalesce(${asBigint(`${column('end_lww')}[3]`)}, ${until(end)})`, until(lastSign));
	},
	current_step: field('step_lww', 2),
	abandonment_step: (column) => ofEnd(column, `${column('end_lww')}[4]`, `${column('step_lww')}[2]`),
	abandonment_reason: (column) => ofEnd(column, `${column('end_lww')}[5]`, `'timeout'`),
	product_id: field('start_lww', 2),
	product_title: field('start_lww', 3),
	product_price: field('start_lww', 4, asNumeric),
	device_type: field('device_lww', 2),
	os: field('device_lww', 3),
	os_version: field('device_lww', 4),
	browser: field('device_lww', 5),
	browser_version: field('device_lww', 6),
	entry_point: field('start_lww', 5),
	referrer: field('start_lww', 6),
	flow: field('start_lww', 7),
	env: field('start_lww', 8),
	post_ar_action: field('post_ar_lww', 2),
	// A regeneration is told by its request, by the AI request that it caused, or by both.
	regeneration_count: (column) => `greatest(${column('regeneration_requests')}, ${column('ai_regenerations')})`
};

/** Columns of which the expected events say nothing. */
function absentOf(expected: Expected): Set<string> {
	const lifecycle = [
		'first_start_at',
		'start_lww',
		'end_lww',
		'timeout_lww',
		'post_ar_lww',
		'added_to_cart',
		'regeneration_requests'
	];
	return new Set([
		...(expected.lifecycle ? [] : lifecycle),
		...(expected.errors ? [] : ['error_count']),
		...(expected.steps ? [] : ['step_lww', 'steps_seen', ...Object.keys(stepChanges)]),
		...(expected.aiRequests ? [] : Object.keys(aiChanges))
	]);
}

function merge(expected: Expected): string {
	const absent = absentOf(expected);
	const select = (columns: typeof changes) =>
		Object.entries(columns)
			.filter(([name]) => !absent.has(name))
			.map(([name, [, expression]]) => `${expression} as ${name}`);
	const statement = mergeStatement({
		table: 'sessions',
		key: ['session_id'],
		incoming: `
		select ${['session_changes.*', ...select(stepChanges), ...select(aiChanges)].join(', ')}
		from session_changes
		${expected.steps ? 'left join step_changes using (session_id)' : ''}
		${expected.aiRequests ? 'left join ai_changes using (session_id)' : ''}`,
		merged: Object.fromEntries(
			Object.entries({ ...changes, ...stepChanges, ...aiChanges }).map(([name, [kind]]) => [name, kind])
		),
		absent,
		derived,
		scratch,
		returning: `session_id, shop_domain, status, replaced_shop, replaced_completed, ${REPLACED}, ${countedOf('stored')} as counted`
	});
	return `
session_changes as (
	select session_id, ${select(changes).join(',\n\t\t')}
	from fresh
	where session_id is not null
	group by session_id
),
sessions_merge as (${statement}
)`;
}

const takeOut = `
sessions_merge as (
	delete from sessions as stored using forgotten_sessions as gone
	where stored.session_id = gone.session_id
	returning
		stored.session_id, null::text as shop_domain, null::text as status, stored.shop_domain as replaced_shop,
		stored.status = 'completed' as replaced_completed, ${countedOf('stored')} as ${REPLACED}, null::text[] as counted
)`;

export const sessions: Projection = {
	table: 'sessions',
	scratch: Object.keys(scratch),
	merge,
	unfold: { takeOut }
};
