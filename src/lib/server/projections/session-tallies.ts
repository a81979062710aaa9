/**
 * `session_tallies`: ended sessions counted by the time they started: by quarter of an hour for series, by UTC day for
 * what splits a range into parts, of each shop and over all, and by hour or week as well where that spares many rows. A session that changes takes its old count out and
 * puts its new one in; a session in progress is not counted here, because almost every event would move it: readers add
 * those from their own rows.
 */
import { ENDED_WORDS, SESSION_MEASURES } from './measures';
import type { Projection } from './merge';
import { addTo, allZero, arrayOf, changedRows } from './tally';

/** The column of `sessions` that keeps what the last merge replaced. */
export const REPLACED = 'replaced_tally';

const counted = {
	shop_domain: 'text',
	started_at: 'timestamptz',
	status: 'text',
	device_type: 'text',
	product_title: 'text',
	product_id: 'text',
	abandonment_step: 'text',
	abandonment_reason: 'text',
	post_ar_action: 'text',
	added_to_cart: 'boolean',
	error_count: 'integer',
	steps_seen: 'integer',
	total_ai_cost: 'numeric',
	regeneration_cost: 'numeric'
} as const;

/** SQL of the array of what is counted of a session's row; null while it is in progress. */
export function countedOf(row: string): string {
	return `case when ${row}.status <> 'in_progress' then ${arrayOf(counted, row)} end`;
}

const keys = ['dimension', 'shop', 'bucket', 'value'];
const measures = Object.keys(SESSION_MEASURES);

const merge = `
tally_sessions as (${changedRows('sessions_merge', counted, {
	shop_domain: `coalesce(shop_domain, '')`,
	started_at: 'started_at',
	...ENDED_WORDS,
	...SESSION_MEASURES
})}
),
session_tallies_merge as (${addTo(
	'session_tallies',
	keys,
	measures,
	`tally_sessions
	cross join lateral (values
		('all', '', '', quarter_of(started_at)),
		('shop', shop_domain, '', quarter_of(started_at)),
		('device', shop_domain, device, day_of(started_at)),
		('product', shop_domain, product, day_of(started_at)),
		('exit', shop_domain, exit, day_of(started_at)),
		('post_ar', shop_domain, post_ar, day_of(started_at)),
		('shop_hour', shop_domain, '', hour_of(started_at)),
		('shop_day', shop_domain, '', day_of(started_at)),
		('shop_week', shop_domain, '', week_of(started_at)),
		('all_device', '', device, day_of(started_at)),
		('all_device_hour', '', device, hour_of(started_at)),
		('all_exit', '', exit, day_of(started_at)),
		('all_exit_hour', '', exit, hour_of(started_at)),
		('all_exit_week', '', exit, week_of(started_at)),
		('all_post_ar', '', post_ar, day_of(started_at)),
		('all_post_ar_hour', '', post_ar, hour_of(started_at)),
		('all_product', '', product, week_of(started_at))
	) as dimensions (dimension, shop, value, bucket)`
)}
)`;

export const sessionTallies: Projection = {
	table: 'session_tallies',
	scratch: [],
	merge: () => merge,
	unfold: { takeOut: merge },
	empty: allZero(measures)
};
