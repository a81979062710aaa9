/**
 * What pages count errors from: sums by a stretch of time and a few words, and by group the sessions and shops that it
 * hit, with when it did so last. Of a range up to now, whatever was hit last in it was hit in it, so that how many those
 * are is a sum over days as well. All of these read the rows of `error_events` that a merge made, or took out.
 */
import type { Projection } from './merge';

const counted = (sign: 1 | -1) => `
	select
		quarter_of(occurred_at) as quarter, group_key, coalesce(shop_domain, '') as shop, key_text(severity) as severity,
		coalesce(key_text(step), '') as step, ${sign} * count(*) as errors
	from errors_merge
	group by 1, 2, 3, 4, 5`;

const quarters = (sign: 1 | -1) => `
error_tallies_merge as (
	insert into error_tallies as stored (bucket, group_key, shop, severity, step, errors)
	${counted(sign)}
	order by 1, 2, 3, 4, 5
	on conflict (bucket, group_key, shop, severity, step) do update set errors = stored.errors + excluded.errors
)`;

const totals = (sign: 1 | -1) => `
error_totals_merge as (
	insert into error_total_tallies as stored (grain, bucket, group_key, shop, severity, step, errors)
	select place.grain, place.bucket, place.group_key, place.shop, place.severity, place.step, sum(errors)
	from (${counted(sign)}) as counted
	cross join lateral (values
		('all_hour', hour_of(quarter), counted.group_key, '', counted.severity, counted.step),
		('all_day', day_of(quarter), counted.group_key, '', counted.severity, counted.step),
		('shop_day', day_of(quarter), '', counted.shop, '', ''),
		('shop_week', week_of(quarter), '', counted.shop, '', '')
	) as place (grain, bucket, group_key, shop, severity, step)
	group by 1, 2, 3, 4, 5, 6
	order by 1, 2, 3, 4, 5, 6
	on conflict (grain, bucket, group_key, shop, severity, step) do update set errors = stored.errors + excluded.errors
)`;

/** The column of `error_group_sessions` that keeps what the last merge replaced. */
const REPLACED = 'replaced_at';

const sessions = `
group_sessions_merge as (
	insert into error_group_sessions as stored (group_key, session_id, last_at, errors)
	select coalesce(group_key, ''), session_id, max(occurred_at), count(*)
	from errors_merge
	where session_id is not null
	group by grouping sets ((group_key, session_id), (session_id))
	order by 1, 2
	on conflict (group_key, session_id) do update set
		last_at = greatest(stored.last_at, excluded.last_at), errors = stored.errors + excluded.errors,
		${REPLACED} = stored.last_at
	returning group_key, last_at, ${REPLACED}
)`;

const takeSessionsOut = `
group_sessions_merge as (
	delete from error_group_sessions as stored using forgotten_sessions as gone
	where stored.session_id = gone.session_id
	returning stored.group_key, null::timestamptz as last_at, stored.last_at as ${REPLACED}
)`;

const sessionDays = `
error_session_tallies_merge as (
	insert into error_session_tallies as stored (group_key, bucket, sessions)
	select group_key, bucket, sum(sign)
	from (
		select group_key, day_of(last_at) as bucket, 1 as sign from group_sessions_merge where last_at is not null
		union all
		select group_key, day_of(${REPLACED}), -1 from group_sessions_merge where ${REPLACED} is not null
	) as moved
	group by 1, 2
	having sum(sign) <> 0
	order by 1, 2
	on conflict (group_key, bucket) do update set sessions = stored.sessions + excluded.sessions
)`;

const shops = `
group_shops_merge as (
	insert into error_group_shops as stored (group_key, shop, last_at)
	select group_key, shop_domain, max(occurred_at)
	from errors_merge
	where shop_domain <> ''
	group by group_key, shop_domain
	order by group_key, shop_domain
	on conflict (group_key, shop) do update set last_at = greatest(stored.last_at, excluded.last_at)
)`;

// The quarter of an hour of a shop's latest error of a group is in the tally: the errors themselves are too many.
const mendShops = [
	`delete from error_group_shops where group_key in (select group_key from forgotten_groups)`,
	`
	insert into error_group_shops (group_key, shop, last_at)
	select tallied.group_key, tallied.shop, latest.last_at
	from (
		select group_key, shop, max(bucket) as bucket
		from error_tallies
		where group_key in (select group_key from forgotten_groups) and shop <> '' and errors > 0
		group by group_key, shop
	) as tallied
	cross join lateral (
		select max(occurred_at) as last_at from error_events
		where group_key = tallied.group_key and shop_domain = tallied.shop
			and occurred_at >= tallied.bucket and occurred_at < tallied.bucket + interval '15 minutes'
	) as latest`
];

export const errorTallies: Projection = {
	table: 'error_tallies',
	scratch: [],
	merge: (expected) => (expected.errors ? quarters(1) : null),
	empty: 'errors = 0',
	unfold: { takeOut: quarters(-1) }
};
export const errorTotalTallies: Projection = {
	table: 'error_total_tallies',
	scratch: [],
	merge: (expected) => (expected.errors ? totals(1) : null),
	empty: 'errors = 0',
	unfold: { takeOut: totals(-1) }
};
export const errorGroupSessions: Projection = {
	table: 'error_group_sessions',
	scratch: [REPLACED],
	merge: (expected) => (expected.errors ? sessions : null),
	unfold: { takeOut: takeSessionsOut }
};
/** After `error_group_sessions`, whose changes it counts. */
export const errorSessionTallies: Projection = {
	table: 'error_session_tallies',
	scratch: [],
	merge: (expected) => (expected.errors ? sessionDays : null),
	empty: 'sessions = 0',
	unfold: { takeOut: sessionDays }
};
export const errorGroupShops: Projection = {
	table: 'error_group_shops',
	scratch: [],
	merge: (expected) => (expected.errors ? shops : null),
	unfold: { takeOut: null, mend: (expected) => (expected.errors ? mendShops : []) }
};
