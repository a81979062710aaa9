/**
 * `event_tallies`: events counted by type and by when the server received them: over all shops ('*') by quarter of an
 * hour, by hour and by UTC day, and for each shop ('' for those that named none) by UTC day. Events are only ever added.
 */
import type { Projection } from './merge';

const merge = `
event_tallies_merge as (
	insert into event_tallies as stored (grain, event_type, shop, bucket, events)
	select grain, event_type, shop, bucket, sum(events)
	from (
		select event_type, coalesce(shop_domain, '') as shop_name, quarter_of(server_timestamp) as quarter, count(*) as events
		from fresh
		group by 1, 2, 3
	) as counted
	cross join lateral (values
		('quarter', '*', quarter),
		('hour', '*', date_bin('1 hour', quarter, timestamptz '2000-01-01 00:00:00+00')),
		('day', '*', day_of(quarter)),
		('day', shop_name, day_of(quarter))
	) as places (grain, shop, bucket)
	group by grain, event_type, shop, bucket
	order by grain, event_type, shop, bucket
	on conflict (grain, event_type, shop, bucket) do update set events = stored.events + excluded.events
)`;

export const eventTallies: Projection = { table: 'event_tallies', scratch: [], merge: () => merge };
