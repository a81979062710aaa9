/**
 * `event_tallies`: events counted by type and by when the server received them: by quarter of an hour over all shops
 * ('*'), and by UTC day for each shop ('' for those that named none). Events are only ever added.
 */
import type { Projection } from './merge';

const merge = `
event_tallies_merge as (
	insert into event_tallies as stored (event_type, shop, bucket, events)
	select event_type, shop, bucket, count(*)
	from fresh
	cross join lateral (values
		('*', quarter_of(server_timestamp)), (coalesce(shop_domain, ''), day_of(server_timestamp))
	) as places (shop, bucket)
	group by event_type, shop, bucket
	order by event_type, shop, bucket
	on conflict (event_type, shop, bucket) do update set events = stored.events + excluded.events
)`;

export const eventTallies: Projection = { table: 'event_tallies', scratch: [], merge: () => merge };
