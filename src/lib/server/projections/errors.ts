/** `errors`: one row for each event of type `error`. Log rows are unique, so this is an insert and nothing to merge. */
import type { Projection } from './merge';

const merge = `
errors_merge as (
	insert into errors (
		id, session_id, shop_domain, error_code, error_message, severity, step, stack_trace, is_user_facing,
		device_type, os, browser, user_agent, occurred_at
	)
	select
		id, session_id, shop_domain, data ->> 'errorCode', data ->> 'errorMessage', coalesce(data ->> 'severity', 'error'),
		data ->> 'step', coalesce(data ->> 'stack', data ->> 'stackTrace'), json_boolean(data -> 'isUserFacing'),
		device_context ->> 'deviceType', device_context ->> 'os', device_context ->> 'browser', user_agent, event_time
	from fresh
	where event_type = 'error'
)`;

export const errors: Projection = {
	table: 'errors',
	scratch: [],
	merge: (expected) => (expected.errors ? merge : null)
};
