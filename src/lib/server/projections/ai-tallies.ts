/**
 * `ai_tallies` and `ai_part_tallies`: AI requests counted by the time of the request, over all shops and of each, in
 * longer and shorter stretches; the second by what was asked of whom.
 */
import { AI_MEASURES, AI_PART_MEASURES, AI_WORDS } from './measures';
import type { Projection } from './merge';
import { addTo, allZero, arrayOf, changedRows } from './tally';

/** The column of `ai_requests` that keeps what the last merge replaced. */
export const REPLACED = 'replaced_tally';

const counted = {
	occurred_at: 'timestamptz',
	shop_domain: 'text',
	provider: 'text',
	model: 'text',
	operation: 'text',
	step: 'text',
	status: 'text',
	is_regeneration: 'boolean',
	regeneration_reason: 'text',
	cost_usd: 'numeric'
} as const;

/** SQL of the array of what is counted of an AI request's row. */
export const countedOf = (row: string) => arrayOf(counted, row);

const measures = Object.keys(AI_MEASURES);
const partMeasures = Object.keys(AI_PART_MEASURES);

const totals = `
tally_requests as (${changedRows('ai_merge', counted, {
	occurred_at: 'occurred_at',
	own_shop: `coalesce(shop_domain, '')`,
	...AI_WORDS,
	...AI_MEASURES
})}
),
ai_tallies_merge as (${addTo(
	'ai_tallies',
	['grain', 'shop', 'bucket'],
	measures,
	`tally_requests
	cross join lateral (values
		('all_quarter', '', quarter_of(occurred_at)),
		('all_hour', '', hour_of(occurred_at)),
		('all_day', '', day_of(occurred_at)),
		('shop_quarter', own_shop, quarter_of(occurred_at)),
		('shop_hour', own_shop, hour_of(occurred_at)),
		('shop_day', own_shop, day_of(occurred_at)),
		('shop_week', own_shop, week_of(occurred_at))
	) as places (grain, shop, bucket)`
)}
)`;

const parts = `
ai_part_tallies_merge as (${addTo(
	'ai_part_tallies',
	['grain', 'shop', 'bucket', ...Object.keys(AI_WORDS)],
	partMeasures,
	`tally_requests
	cross join lateral (values
		('all_hour', '', hour_of(occurred_at)),
		('all_day', '', day_of(occurred_at)),
		('all_week', '', week_of(occurred_at)),
		('shop_day', own_shop, day_of(occurred_at)),
		('shop_week', own_shop, week_of(occurred_at))
	) as places (grain, shop, bucket)`
)}
)`;

export const aiTallies: Projection = {
	table: 'ai_tallies',
	scratch: [],
	merge: (expected) => (expected.aiRequests ? totals : null),
	unfold: { takeOut: totals },
	empty: allZero(measures)
};

/** After `ai_tallies`, whose changed rows it reads. */
export const aiPartTallies: Projection = {
	table: 'ai_part_tallies',
	scratch: [],
	merge: (expected) => (expected.aiRequests ? parts : null),
	unfold: { takeOut: parts },
	empty: allZero(partMeasures)
};
