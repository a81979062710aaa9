/**
 * `error_groups` and the counts beside it: errors with the same code and the same message but for its numbers and ids.
 * That a group was acknowledged, resolved or opened again is told by events of the server's own, so that a rebuild knows
 * it; a client's event of such a type is saved like any other and says nothing here. A resolved group of which a later
 * error is known has come back, whichever of the two arrived first.
 */
import { ERROR_ACKNOWLEDGED, ERROR_REOPENED, ERROR_RESOLVED } from '../../events/vocabulary';
import { field, mergeStatement, SERVER_MADE, type Projection } from './merge';

type Column = (name: string) => string;

const stampOf = (column: Column, register: string) => `coalesce(${column(register)}[1], '')`;
/** Resolved and not opened again by hand since. */
const isResolved = (column: Column) =>
	`${column('resolved_lww')} is not null and ${stampOf(column, 'resolved_lww')} > ${stampOf(column, 'reopened_lww')}`;
/** Acknowledged, and neither opened again nor resolved since. */
const isAcknowledged = (column: Column) =>
	`${column('acknowledged_lww')} is not null and ${stampOf(column, 'acknowledged_lww')} > greatest(${stampOf(column, 'reopened_lww')}, ${stampOf(column, 'resolved_lww')})`;
const hasComeBack = (column: Column) => `${stampOf(column, 'last_lww')} > ${stampOf(column, 'resolved_lww')}`;

const said = (type: string) =>
	`max(array[stamp, data ->> 'by']) filter (where event_type = '${type}' and ${SERVER_MADE})`;

const merge = `
group_changes as (
	select
		coalesce(grouped.group_key, fresh.data ->> 'group') as group_key,
		max(array[
			fresh.stamp, grouped.error_code, message_shape(grouped.error_message), left(grouped.error_message, 1000),
			grouped.severity, grouped.step, grouped.shop_domain, grouped.session_id, grouped.id
		]) filter (where event_type = 'error') as last_lww,
		${said(ERROR_ACKNOWLEDGED)} as acknowledged_lww,
		${said(ERROR_RESOLVED)} as resolved_lww,
		${said(ERROR_REOPENED)} as reopened_lww,
		min(event_time) filter (where event_type = 'error') as first_seen_at,
		count(*) filter (where event_type = 'error') as error_count
	from fresh
	left join errors_merge as grouped
		on event_type = 'error' and grouped.id = fresh.id and grouped.shop_domain is not distinct from fresh.shop_domain
	where event_type = 'error' or (
		event_type in ('${ERROR_ACKNOWLEDGED}', '${ERROR_RESOLVED}', '${ERROR_REOPENED}')
		and ${SERVER_MADE} and data ->> 'group' ~ '^[0-9a-f]{32}$'
	)
	group by 1
),
groups_merge as (${mergeStatement({
	table: 'error_groups',
	key: ['group_key'],
	incoming: 'select * from group_changes',
	merged: {
		last_lww: 'latest',
		acknowledged_lww: 'latest',
		resolved_lww: 'latest',
		reopened_lww: 'latest',
		first_seen_at: 'least',
		error_count: 'sum'
	},
	derived: {
		last_seen_at: field('last_lww', 1, (stamp) => `stamp_time(${stamp})`),
		error_code: field('last_lww', 2),
		message_shape: field('last_lww', 3),
		severity: field('last_lww', 5),
		step: field('last_lww', 6),
		acknowledged_at: (column) =>
			`case when ${isAcknowledged(column)} then stamp_time(${stampOf(column, 'acknowledged_lww')}) end`,
		acknowledged_by: (column) => `case when ${isAcknowledged(column)} then ${column('acknowledged_lww')}[2] end`,
		resolved_at: (column) => `case when ${isResolved(column)} then stamp_time(${stampOf(column, 'resolved_lww')}) end`,
		resolved_by: (column) => `case when ${isResolved(column)} then ${column('resolved_lww')}[2] end`,
		state: (column) => `case
			when ${isAcknowledged(column)} then 'acknowledged'
			when ${isResolved(column)} then case when ${hasComeBack(column)} then 'came_back' else 'resolved' end
			else 'open'
		end`
	},
	scratch: {},
	returning: 'group_key'
})}
)`;

const sessions = `
group_sessions_merge as (
	insert into error_group_sessions as stored (group_key, session_id, last_at, errors)
	select group_key, session_id, max(occurred_at), count(*)
	from errors_merge
	where session_id is not null
	group by group_key, session_id
	order by group_key, session_id
	on conflict (group_key, session_id) do update set
		last_at = greatest(stored.last_at, excluded.last_at), errors = stored.errors + excluded.errors
)`;

const tallies = `
error_tallies_merge as (
	insert into error_tallies as stored (bucket, group_key, shop, severity, step, errors)
	select
		quarter_of(occurred_at) as bucket, group_key, coalesce(shop_domain, '') as shop, key_text(severity) as severity,
		coalesce(key_text(step), '') as step, count(*)
	from errors_merge
	group by 1, 2, 3, 4, 5
	order by 1, 2, 3, 4, 5
	on conflict (bucket, group_key, shop, severity, step) do update set errors = stored.errors + excluded.errors
)`;

/** After `error_events`, whose rows these read. */
export const errorGroups: Projection = {
	table: 'error_groups',
	scratch: [],
	merge: (expected) => (expected.errors ? merge : null)
};
export const errorGroupSessions: Projection = {
	table: 'error_group_sessions',
	scratch: [],
	merge: (expected) => (expected.errors ? sessions : null)
};
export const errorTallies: Projection = {
	table: 'error_tallies',
	scratch: [],
	merge: (expected) => (expected.errors ? tallies : null)
};
