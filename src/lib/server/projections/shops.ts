/**
 * `shops`: one row for each shop, from its first event. The counts move by what the sessions' merge changed; a session
 * that turns out to be of another shop takes its count along. A busy shop's row is written only when something in it
 * really changes: were it touched by every commit, it would make all writers wait for each other.
 */
import type { Projection } from './merge';

/** What events say of when their shop was there. */
const TIMES = `
	min(event_time) as first_seen_at,
	max(event_time) filter (where event_type = 'session_started' and session_id is not null) as last_start_at,
	min(event_time) filter (where session_id is not null) as first_session_event_at`;

const merge = `
shop_changes as (
	select
		domain, min(first_seen_at) as first_seen_at, max(last_start_at) as last_start_at,
		min(first_session_event_at) as first_session_event_at, sum(total)::integer as total, sum(completed)::integer as completed
	from (
		select
			shop_domain as domain, ${TIMES}, 0 as total, 0 as completed
		from fresh
		where shop_domain <> ''
		group by shop_domain
		union all
		select shop_domain, 'infinity', null, null, 1, (status = 'completed')::integer
		from sessions_merge
		where shop_domain is not null
		union all
		select replaced_shop, 'infinity', null, null, -1, -replaced_completed::integer
		from sessions_merge
		where replaced_shop is not null
	) as parts
	group by domain
),
shops_merge as (
	insert into shops as stored (
		domain, first_seen_at, last_start_at, first_session_event_at, last_session_at, total_sessions, completed_sessions
	)
	select
		domain, first_seen_at, last_start_at, first_session_event_at, coalesce(last_start_at, first_session_event_at),
		total, completed
	from shop_changes
	where total <> 0 or completed <> 0 or not exists (
		select from shops as known
		where known.domain = shop_changes.domain
			and known.first_seen_at <= shop_changes.first_seen_at
			and (shop_changes.last_start_at is null or known.last_start_at >= shop_changes.last_start_at)
			and (
				shop_changes.first_session_event_at is null
				or known.first_session_event_at <= shop_changes.first_session_event_at
			)
	)
	order by domain
	on conflict (domain) do update set
		first_seen_at = least(stored.first_seen_at, excluded.first_seen_at),
		last_start_at = greatest(stored.last_start_at, excluded.last_start_at),
		first_session_event_at = least(stored.first_session_event_at, excluded.first_session_event_at),
		last_session_at = coalesce(
			greatest(stored.last_start_at, excluded.last_start_at),
			least(stored.first_session_event_at, excluded.first_session_event_at)
		),
		total_sessions = stored.total_sessions + excluded.total_sessions,
		completed_sessions = stored.completed_sessions + excluded.completed_sessions
)`;

const takeOut = `
shops_merge as (
	update shops as stored set
		total_sessions = stored.total_sessions - gone.total, completed_sessions = stored.completed_sessions - gone.completed
	from (
		select replaced_shop as domain, count(*)::integer as total, sum(replaced_completed::integer)::integer as completed
		from sessions_merge
		where replaced_shop is not null
		group by replaced_shop
	) as gone
	where stored.domain = gone.domain
)`;

// A shop's events are looked through only when one of its times may have been that of a forgotten event. The tallies know
// whether it has any event left.
const mend = [
	`
	with
	gone as (select shop_domain as domain, ${TIMES} from forgotten_events where shop_domain <> '' group by shop_domain),
	stale as (
		select domain
		from shops as stored join gone using (domain)
		where stored.first_seen_at >= gone.first_seen_at or stored.last_start_at <= gone.last_start_at
			or stored.first_session_event_at >= gone.first_session_event_at
	),
	remaining as (
		select domain, min(first_seen_at) as first_seen_at, max(last_start_at) as last_start_at, min(first_session_event_at) as first_session_event_at
		from (
			select shop_domain as domain, ${TIMES}
			from analytics_events
			where shop_domain in (select domain from stale)
			group by shop_domain
			union all
			-- Of months that have left the log, the sessions tell what they can.
			select shop_domain, min(first_event_at), max(first_start_at), min(first_event_at)
			from sessions
			where shop_domain in (select domain from stale) and exists (select from log_months)
			group by shop_domain
		) as parts
		group by domain
	)
	update shops as stored set
		first_seen_at = remaining.first_seen_at, last_start_at = remaining.last_start_at,
		first_session_event_at = remaining.first_session_event_at,
		last_session_at = coalesce(remaining.last_start_at, remaining.first_session_event_at)
	from remaining
	where stored.domain = remaining.domain`,
	`
	delete from shops
	where domain in (select shop_domain from forgotten_events) and not exists (
		select from event_tallies
		where grain = 'shop_day_total' and event_type = '' and shop = shops.domain and events > 0
	)`
];

export const shops: Projection = {
	table: 'shops',
	scratch: [],
	merge: () => merge,
	unfold: { takeOut, mend: () => mend }
};
