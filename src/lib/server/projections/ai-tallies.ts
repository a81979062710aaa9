/**
 * `ai_tallies` and `ai_days`: AI requests counted by the time of the request. The first by quarter of an hour, for series
 * of one shop or ('') of all; the second by UTC day and everything by which costs are split.
 */
import { AI_DAY_MEASURES, AI_MEASURES, AI_WORDS } from './measures';
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
const dayMeasures = Object.keys(AI_DAY_MEASURES);

const quarters = `
tally_requests as (${changedRows('ai_merge', counted, {
	occurred_at: 'occurred_at',
	shop: `coalesce(shop_domain, '')`,
	...AI_WORDS,
	...AI_MEASURES,
	...AI_DAY_MEASURES
})}
),
ai_tallies_merge as (${addTo(
	'ai_tallies',
	['shop', 'bucket'],
	measures,
	`(
		select named.shop, quarter_of(occurred_at) as bucket, sign, ${measures.join(', ')}
		from tally_requests
		cross join lateral (
			select '' as shop union all select tally_requests.shop where tally_requests.shop <> ''
		) as named
	) as quarters`
)}
)`;

const days = `
ai_days_merge as (${addTo(
	'ai_days',
	['day', 'shop', ...Object.keys(AI_WORDS)],
	dayMeasures,
	'(select tally_requests.*, day_of(occurred_at) as day from tally_requests) as days'
)}
)`;

export const aiTallies: Projection = {
	table: 'ai_tallies',
	scratch: [],
	merge: (expected) => (expected.aiRequests ? quarters : null),
	empty: allZero(measures)
};

/** After `ai_tallies`, whose changed rows it reads. */
export const aiDays: Projection = {
	table: 'ai_days',
	scratch: [],
	merge: (expected) => (expected.aiRequests ? days : null),
	empty: allZero(dayMeasures)
};
