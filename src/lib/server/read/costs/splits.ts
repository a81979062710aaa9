/**
 * What AI requests cost in a range and in the range before it, as a whole and by each of their words: one statement, so
 * that the parts add up to the whole. The dearest words are named, the others are one row together.
 */
import type { Decimal } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { decimal } from '../columns';
import { costParts, FAILED, hasWords, REGENERATED, shopCostParts, spanOf, type CostQuestion } from './parts';
import { shopAiCounts } from '../tallies';

/** By what costs are split; `regeneration` is the reason for which a request repeats another. */
export const COST_SPLITS = ['shop', 'provider', 'model', 'operation', 'step', 'status', 'regeneration'] as const;
export type CostSplit = (typeof COST_SPLITS)[number];

/** What was measured of some requests: sums of what they said they cost. */
export interface Spent {
	requests: number;
	/** Requests that did not say what they cost. */
	unpriced: number;
	cost: Decimal;
	/** The same sum in the range before, which is as long. */
	costBefore: Decimal;
	requestsBefore: number;
	/** Requests that failed or timed out. */
	failed: number;
	failedCost: Decimal;
	regenerations: number;
	regenerationCost: Decimal;
	/** What is in both `failedCost` and `regenerationCost`. */
	failedRegenerationCost: Decimal;
}

export interface SplitRow extends Spent {
	/** '' for requests without such a word; null for all that are not named. */
	word: string | null;
	/** How many words the row stands for. */
	words: number;
}

interface Row extends SplitRow {
	split: CostSplit | 'all';
}

export type Splits = Record<CostSplit, SplitRow[]>;

const NOTHING: Spent = {
	requests: 0,
	unpriced: 0,
	cost: '0',
	costBefore: '0',
	requestsBefore: 0,
	failed: 0,
	failedCost: '0',
	regenerations: 0,
	regenerationCost: '0',
	failedRegenerationCost: '0'
};

/** The sums, dearest first. @param most how many words of each kind are named */
export async function costSplits(
	sql: Sql,
	{ range, filters }: CostQuestion,
	most: number
): Promise<{ total: Spent; splits: Splits }> {
	const { from, to } = range;
	const before = { from: from - (to - from), to: from };
	const { shop } = spanOf(filters, range);
	const failed = sql.unsafe(FAILED);
	const regenerated = sql.unsafe(REGENERATED);
	const names = sql.unsafe(COST_SPLITS.join(', '));
	// Of all shops, tallies know each without the words and each word without the shops: far fewer rows than of both.
	const apart = shop === null && !hasWords(filters);
	const parts = (span: typeof before) =>
		shop === null && !apart
			? shopCostParts(sql, filters, span)
			: sql`(select *, ${shop ?? ''} as shop from ${costParts(sql, filters, span)} as parts)`;
	const kinds = COST_SPLITS.filter((name) => !apart || name !== 'shop').map((name) => `('${name}', ${name})`);
	const shops = (span: typeof before, isBefore: boolean) => sql`
		union all
		select
			'shop', shop, ${isBefore}::boolean, requests, unpriced, cost, failed, failed_cost, regenerations, regeneration_cost,
			failed_regeneration_cost
		from ${shopAiCounts(sql, span)} as counted`;
	const rows = await sql<Row[]>`
		with combinations as (
			select ${names}, is_before, sum(requests::float8) as requests, sum(unpriced::float8) as unpriced, sum(cost) as cost
			from (
				select ${names}, false as is_before, requests, unpriced, cost from ${parts(range)} as parts
				union all
				select ${names}, true, requests, unpriced, cost from ${parts(before)} as parts
			) as both_ranges
			group by ${names}, is_before
		),
		measured as (
			select
				split, word, is_before, requests, unpriced, cost,
				case when ${failed} then requests else 0 end as failed, case when ${failed} then cost else 0 end as failed_cost,
				case when ${regenerated} then requests else 0 end as regenerations,
				case when ${regenerated} then cost else 0 end as regeneration_cost,
				case when ${failed} and ${regenerated} then cost else 0 end as both_cost
			from combinations
			cross join lateral (values ('all', ''), ${sql.unsafe(kinds.join(', '))}) as named (split, word)
			${apart ? sql`${shops(range, false)} ${shops(before, true)}` : sql``}
		),
		words as (
			select
				split, word,
				coalesce(sum(requests) filter (where not is_before), 0) as requests,
				coalesce(sum(unpriced) filter (where not is_before), 0) as unpriced,
				coalesce(sum(cost) filter (where not is_before), 0) as cost,
				coalesce(sum(requests) filter (where is_before), 0) as requests_before,
				coalesce(sum(cost) filter (where is_before), 0) as cost_before,
				coalesce(sum(failed) filter (where not is_before), 0) as failed,
				coalesce(sum(failed_cost) filter (where not is_before), 0) as failed_cost,
				coalesce(sum(regenerations) filter (where not is_before), 0) as regenerations,
				coalesce(sum(regeneration_cost) filter (where not is_before), 0) as regeneration_cost,
				coalesce(sum(both_cost) filter (where not is_before), 0) as both_cost
			from measured
			group by split, word
		),
		placed as (
			select
				*, least(row_number() over (partition by split order by cost desc, requests desc, word), ${most + 1}::int) as place
			from words
		),
		listed as (
			select
				split, place, min(word) as word, count(*)::int as words,
				sum(requests)::float8 as requests, sum(unpriced)::float8 as unpriced, sum(cost) as cost,
				sum(requests_before)::float8 as requests_before, sum(cost_before) as cost_before,
				sum(failed)::float8 as failed, sum(failed_cost) as failed_cost,
				sum(regenerations)::float8 as regenerations, sum(regeneration_cost) as regeneration_cost,
				sum(both_cost) as both_cost
			from placed
			group by split, place
		)
		select
			split, case when place <= ${most} then word end as word, words, requests, unpriced, ${decimal(sql, 'cost')} as cost,
			requests_before as "requestsBefore", ${decimal(sql, 'cost_before')} as "costBefore", failed,
			${decimal(sql, 'failed_cost')} as "failedCost", regenerations,
			${decimal(sql, 'regeneration_cost')} as "regenerationCost",
			${decimal(sql, 'both_cost')} as "failedRegenerationCost"
		from listed
		order by split, place`;
	const of = (split: CostSplit): SplitRow[] =>
		rows.filter((row) => row.split === split).map((row) => ({ word: row.word, words: row.words, ...spent(row) }));
	return {
		total: spent(rows.find(({ split }) => split === 'all') ?? NOTHING),
		splits: {
			shop: of('shop'),
			provider: of('provider'),
			model: of('model'),
			operation: of('operation'),
			step: of('step'),
			status: of('status'),
			regeneration: of('regeneration').filter(({ word }) => word !== '')
		}
	};
}

function spent(row: Spent): Spent {
	return {
		requests: row.requests,
		unpriced: row.unpriced,
		cost: row.cost,
		costBefore: row.costBefore,
		requestsBefore: row.requestsBefore,
		failed: row.failed,
		failedCost: row.failedCost,
		regenerations: row.regenerations,
		regenerationCost: row.regenerationCost,
		failedRegenerationCost: row.failedRegenerationCost
	};
}
