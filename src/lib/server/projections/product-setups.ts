/**
 * `product_setups`: one row for each product that a merchant has begun to set up, with the latest that is known of it.
 * Events that name no product tell of a product without a name, one in each shop.
 */
import { field, mergeStatement, stamped, type Projection } from './merge';

const IS_STATE = `event_type in ('setup_started', 'setup_completed', 'setup_abandoned')`;

const told = (events: string) => `
	select
		coalesce(shop_domain, '') as shop, coalesce(key_text(data ->> 'productId'), '') as product_id,
		max(array[stamp, substr(event_type, 7), key_text(data ->> 'abandonedAt')]) filter (where ${IS_STATE}) as state_lww,
		min(event_time) filter (where event_type = 'setup_started') as started_at,
		max(event_time) filter (where event_type = 'setup_completed') as completed_at,
		count(*) filter (where event_type = 'setup_started') as begun,
		count(*) filter (where event_type = 'image_prepared') as images
	from ${events}
	where ${IS_STATE} or event_type = 'image_prepared'
	group by 1, 2`;

const mergeFrom = (incoming: string) =>
	mergeStatement({
		table: 'product_setups',
		key: ['shop', 'product_id'],
		incoming,
		merged: { state_lww: 'latest', started_at: 'least', completed_at: 'greatest', begun: 'sum', images: 'sum' },
		derived: {
			state: field('state_lww', 2),
			abandoned_at_step: field('state_lww', 3),
			state_at: field('state_lww', 1, (stamp) => `stamp_time(${stamp})`)
		},
		scratch: {},
		returning: 'shop'
	});

const merge = `
setups_merge as (${mergeFrom(told('fresh'))}
)`;

const takeOut = `
setups_merge as (
	update product_setups as stored set begun = stored.begun - gone.begun, images = stored.images - gone.images
	from (${told('fresh')}) as gone
	where stored.shop = gone.shop and stored.product_id = gone.product_id
)`;

const mend = [
	`
	update product_setups as stored set
		state_lww = case when stored.state_lww > gone.state_lww or gone.state_lww is null then stored.state_lww end,
		started_at = case when stored.started_at < gone.started_at or gone.started_at is null then stored.started_at end,
		completed_at =
			case when stored.completed_at > gone.completed_at or gone.completed_at is null then stored.completed_at end
	from (${told('forgotten_events')}) as gone
	where stored.shop = gone.shop and stored.product_id = gone.product_id`,
	mergeFrom(`
		select
			gone.shop, gone.product_id, remaining.state_lww, remaining.started_at, remaining.completed_at, 0 as begun, 0 as images
		from (${told('forgotten_events')}) as gone
		left join (
			${told(stamped(`shop_domain is null or shop_domain in (select shop_domain from forgotten_events)`))}
		) as remaining using (shop, product_id)`),
	`
	delete from product_setups as stored
	using (${told('forgotten_events')}) as gone
	where stored.shop = gone.shop and stored.product_id = gone.product_id
		and stored.begun = 0 and stored.images = 0 and stored.state_lww is null`
];

export const productSetups: Projection = {
	table: 'product_setups',
	scratch: [],
	merge: (expected) => (expected.setups ? merge : null),
	unfold: { takeOut, mend: (expected) => (expected.setups ? mend : []) }
};
