/**
 * `product_setups`: one row for each product that a merchant has begun to set up, with the latest that is known of it.
 * Events that name no product tell of a product without a name, one in each shop.
 */
import { field, mergeStatement, type Projection } from './merge';

const IS_STATE = `event_type in ('setup_started', 'setup_completed', 'setup_abandoned')`;

const merge = `
setups_merge as (${mergeStatement({
	table: 'product_setups',
	key: ['shop', 'product_id'],
	incoming: `
		select
			coalesce(shop_domain, '') as shop, coalesce(key_text(data ->> 'productId'), '') as product_id,
			max(array[stamp, substr(event_type, 7), key_text(data ->> 'abandonedAt')]) filter (where ${IS_STATE}) as state_lww,
			min(event_time) filter (where event_type = 'setup_started') as started_at,
			max(event_time) filter (where event_type = 'setup_completed') as completed_at,
			count(*) filter (where event_type = 'setup_started') as begun,
			count(*) filter (where event_type = 'image_prepared') as images
		from fresh
		where ${IS_STATE} or event_type = 'image_prepared'
		group by 1, 2`,
	merged: { state_lww: 'latest', started_at: 'least', completed_at: 'greatest', begun: 'sum', images: 'sum' },
	derived: {
		state: field('state_lww', 2),
		abandoned_at_step: field('state_lww', 3),
		state_at: field('state_lww', 1, (stamp) => `stamp_time(${stamp})`)
	},
	scratch: {},
	returning: 'shop'
})}
)`;

export const productSetups: Projection = {
	table: 'product_setups',
	scratch: [],
	merge: (expected) => (expected.setups ? merge : null)
};
