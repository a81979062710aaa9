/**
 * `error_events`: one row for each event of type `error`. Log rows are unique, so this is an insert and nothing to merge.
 * People read it as the view `errors`, which adds what was said of the error's group.
 */
import type { Projection } from './merge';

const RETURNED = 'id, shop_domain, session_id, error_code, error_message, severity, step, occurred_at, group_key';
const qualified = (row: string) => RETURNED.replaceAll(/\w+/g, (name) => `${row}.${name}`);

const merge = `
errors_merge as (
	insert into error_events (
		id, session_id, shop_domain, error_code, error_message, severity, step, stack_trace, is_user_facing,
		device_type, os, browser, user_agent, occurred_at, group_key
	)
	select
		id, session_id, shop_domain, data ->> 'errorCode', data ->> 'errorMessage', coalesce(data ->> 'severity', 'error'),
		data ->> 'step', coalesce(data ->> 'stack', data ->> 'stackTrace'), json_boolean(data -> 'isUserFacing'),
		device_context ->> 'deviceType', device_context ->> 'os', device_context ->> 'browser', user_agent, event_time,
		error_group_key(data ->> 'errorCode', data ->> 'errorMessage')
	from fresh
	where event_type = 'error'
	returning ${RETURNED}
)`;

const takeOut = `
errors_of_sessions as (
	delete from error_events as stored using forgotten_sessions as gone
	where stored.session_id = gone.session_id
	returning ${qualified('stored')}
),
errors_without_session as (
	delete from error_events as stored using fresh
	where stored.session_id is null and fresh.session_id is null and fresh.event_type = 'error'
		and stored.id = fresh.id and stored.shop_domain is not distinct from fresh.shop_domain
	returning ${qualified('stored')}
),
errors_merge as materialized (select * from errors_of_sessions union all select * from errors_without_session)`;

export const errors: Projection = {
	table: 'error_events',
	scratch: [],
	merge: (expected) => (expected.errors ? merge : null),
	unfold: { takeOut }
};
