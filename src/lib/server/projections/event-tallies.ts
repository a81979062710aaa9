/**
 * `event_tallies`: events counted by when the server received them: by type over all shops at three grains, by type and
 * shop by day, and by shop alone by hour and day.
 */
import type { Projection } from './merge';

const tallies = (sign: 1 | -1) => `
event_tallies_merge as (
	insert into event_tallies as stored (grain, event_type, shop, bucket, events)
	select grain, type_name, shop, bucket, sum(events)
	from (
		select event_type, coalesce(shop_domain, '') as shop_name, quarter_of(server_timestamp) as quarter, ${sign} * count(*) as events
		from fresh
		group by 1, 2, 3
	) as counted
	cross join lateral (values
		('quarter', counted.event_type, '', quarter),
		('hour', counted.event_type, '', hour_of(quarter)),
		('day', counted.event_type, '', day_of(quarter)),
		('shop_day', counted.event_type, shop_name, day_of(quarter)),
		('shop_hour_total', '', shop_name, hour_of(quarter)),
		('shop_day_total', '', shop_name, day_of(quarter))
	) as places (grain, type_name, shop, bucket)
	group by grain, type_name, shop, bucket
	order by grain, type_name, shop, bucket
	on conflict (grain, event_type, shop, bucket) do update set events = stored.events + excluded.events
)`;

export const eventTallies: Projection = {
	table: 'event_tallies',
	scratch: [],
	merge: () => tallies(1),
	empty: 'events = 0',
	unfold: { takeOut: tallies(-1) }
};
