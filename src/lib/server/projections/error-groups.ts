/**
 * `error_groups` and the counts beside it: errors with the same code and the same message but for its numbers and ids.
 * That a group was acknowledged, resolved or opened again is told by events of the server's own, so that a rebuild knows
 * it; a client's event of such a type is saved like any other and says nothing here. A resolved group of which a later
 * error is known has come back, whichever of the two arrived first.
 */
import { ERROR_ACKNOWLEDGED, ERROR_REOPENED, ERROR_RESOLVED } from '../../events/vocabulary';
import { field, mergeStatement, SERVER_MADE, stamped, type Projection } from './merge';

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

/** The acknowledgement, the resolution and the reopening of a group that events tell of. */
const SAID = `
		${said(ERROR_ACKNOWLEDGED)} as acknowledged_lww,
		${said(ERROR_RESOLVED)} as resolved_lww,
		${said(ERROR_REOPENED)} as reopened_lww`;
const IS_SAID = `event_type in ('${ERROR_ACKNOWLEDGED}', '${ERROR_RESOLVED}', '${ERROR_REOPENED}')
		and ${SERVER_MADE} and data ->> 'group' ~ '^[0-9a-f]{32}$'`;

/** The register of the latest error. */
const last = (stamp: string, row: string) => `max(array[
			${stamp}, ${row}.error_code, message_shape(${row}.error_message), left(${row}.error_message, 1000),
			${row}.severity, ${row}.step, ${row}.shop_domain, ${row}.session_id, ${row}.id
		])`;

const mergeFrom = (incoming: string, absent: readonly string[] = []) =>
	mergeStatement({
		table: 'error_groups',
		key: ['group_key'],
		incoming,
		merged: {
			last_lww: 'latest',
			acknowledged_lww: 'latest',
			resolved_lww: 'latest',
			reopened_lww: 'latest',
			first_seen_at: 'least',
			error_count: 'sum'
		},
		absent: new Set(absent),
		derived: {
			last_seen_at: field('last_lww', 1, (stamp) => `stamp_time(${stamp})`),
			error_code: field('last_lww', 2),
			message_shape: field('last_lww', 3),
			severity: field('last_lww', 5),
			step: field('last_lww', 6),
			acknowledged_at: (column) =>
				`case when ${isAcknowledged(column)} then stamp_time(${stampOf(column, 'acknowledged_lww')}) end`,
			acknowledged_by: (column) => `case when ${isAcknowledged(column)} then ${column('acknowledged_lww')}[2] end`,
			resolved_at: (column) =>
				`case when ${isResolved(column)} then stamp_time(${stampOf(column, 'resolved_lww')}) end`,
			resolved_by: (column) => `case when ${isResolved(column)} then ${column('resolved_lww')}[2] end`,
			state: (column) => `case
			when ${isAcknowledged(column)} then 'acknowledged'
			when ${isResolved(column)} then case when ${hasComeBack(column)} then 'came_back' else 'resolved' end
			else 'open'
		end`
		},
		scratch: {},
		returning: 'group_key'
	});

const merge = `
group_changes as (
	select
		coalesce(grouped.group_key, fresh.data ->> 'group') as group_key,
		${last('fresh.stamp', 'grouped')} filter (where event_type = 'error') as last_lww,${SAID},
		min(event_time) filter (where event_type = 'error') as first_seen_at,
		count(*) filter (where event_type = 'error') as error_count
	from fresh
	left join errors_merge as grouped
		on event_type = 'error' and grouped.id = fresh.id and grouped.shop_domain is not distinct from fresh.shop_domain
	where event_type = 'error' or (${IS_SAID})
	group by 1
),
groups_merge as (${mergeFrom('select * from group_changes')}
)`;

const takeOut = `
groups_gone as (
	insert into forgotten_groups (group_key)
	select group_key from errors_merge
	union
	select data ->> 'group' from fresh where ${IS_SAID}
),
groups_merge as (
	update error_groups as stored set error_count = stored.error_count - gone.errors
	from (select group_key, count(*) as errors from errors_merge group by group_key) as gone
	where stored.group_key = gone.group_key
)`;

const saidBefore = (register: string) =>
	`${register} = case when ${register}[1] not in (select stamp from forgotten_events where ${IS_SAID}) then ${register} end`;

// The latest and the first error of a group are found by their index; what was said of groups is little.
const mend = [
	`
	update error_groups set
		last_lww = null, first_seen_at = null, ${['acknowledged_lww', 'resolved_lww', 'reopened_lww'].map(saidBefore).join(', ')}
	where group_key in (select group_key from forgotten_groups)`,
	mergeFrom(
		`
		select gone.group_key, latest.last_lww, first.first_seen_at, said.acknowledged_lww, said.resolved_lww, said.reopened_lww
		from forgotten_groups as gone
		cross join lateral (
			select ${last('event_stamp(one.occurred_at, one.id)', 'one')} as last_lww
			from error_events as one
			where one.group_key = gone.group_key and one.occurred_at = (
				select max(occurred_at) from error_events as any_one where any_one.group_key = gone.group_key
			)
		) as latest
		cross join lateral (
			select min(one.occurred_at) as first_seen_at from error_events as one where one.group_key = gone.group_key
		) as first
		left join (
			select data ->> 'group' as group_key, ${SAID} from ${stamped(IS_SAID)} group by 1
		) as said on said.group_key = gone.group_key`,
		['error_count']
	),
	`
	delete from error_groups
	where group_key in (select group_key from forgotten_groups) and last_lww is null
		and acknowledged_lww is null and resolved_lww is null and reopened_lww is null`
];

/** After `error_events`, whose rows it reads. */
export const errorGroups: Projection = {
	table: 'error_groups',
	scratch: [],
	merge: (expected) => (expected.errors ? merge : null),
	unfold: { takeOut, mend: (expected) => (expected.errors ? mend : []) }
};
