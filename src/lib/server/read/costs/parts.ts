/**
 * What AI requests cost, cut down to what was asked for: the filters of the page about costs, and the relation that all
 * its sums are made of. Everything in it is counted exactly once, over any span of time.
 */
import { wordOf, type FilterValues, type Range } from '../../../query';
import type { Sql } from '../../db/connect';
import type { Millis } from '../../../live/messages';
import type { Fragment } from '../columns';
import { aiDays, aiParts, shopAiDays, shopAiParts, type Span } from '../tallies';

export const COST_FILTERS = {
	shop: 'text',
	provider: 'text',
	model: 'text',
	operation: 'text',
	step: 'text',
	status: 'text'
} as const;

export type CostFilters = FilterValues<typeof COST_FILTERS>;

export interface CostQuestion {
	now: Millis;
	zone: string;
	range: Range;
	filters: CostFilters;
}

/** The filters by words of a request: all but the shop, by which sessions are counted too. */
const WORDS = ['provider', 'model', 'operation', 'step', 'status'] as const;

/** Is anything asked of the requests themselves? Then nothing can be said of sessions. */
export function hasWords(filters: CostFilters): boolean {
	return WORDS.some((word) => filters[word] !== null);
}

/** A span of time of the shop that is asked for. */
export function spanOf({ shop }: { shop: string | null }, { from, to }: Pick<Span, 'from' | 'to'>): Span {
	return { from, to, shop: shop === null ? null : wordOf(shop) };
}

/** The condition that the words of a row are those that are asked for. */
export function ofWords(sql: Sql, filters: CostFilters): Fragment {
	return WORDS.reduce(
		(condition, word) => {
			const value = filters[word];
			return value === null ? condition : sql`${condition} and ${sql(word)} = ${wordOf(value)}`;
		},
		sql`true`
	);
}

/** The rows of `aiParts` that are asked for. */
export function costParts(sql: Sql, filters: CostFilters, span: Pick<Span, 'from' | 'to'>): Fragment {
	return sql`(select * from ${aiParts(sql, spanOf(filters, span))} as parts where ${ofWords(sql, filters)})`;
}

/** The same of `aiDays`: each with its UTC day. */
export function costDays(sql: Sql, filters: CostFilters, span: Pick<Span, 'from' | 'to'>): Fragment {
	return sql`(select * from ${aiDays(sql, spanOf(filters, span))} as parts where ${ofWords(sql, filters)})`;
}

/** The same of `shopAiParts`: each with its shop. */
export function shopCostParts(sql: Sql, filters: CostFilters, span: Pick<Span, 'from' | 'to'>): Fragment {
	return sql`(select * from ${shopAiParts(sql, spanOf(filters, span))} as parts where ${ofWords(sql, filters)})`;
}

/** The same of `shopAiDays`: each with both. */
export function shopCostDays(sql: Sql, filters: CostFilters, span: Pick<Span, 'from' | 'to'>): Fragment {
	return sql`(select * from ${shopAiDays(sql, spanOf(filters, span))} as parts where ${ofWords(sql, filters)})`;
}

/** SQL over the columns of `costParts`: did the request come to nothing? */
export const FAILED = `status in ('failed', 'timeout')`;
/** Was it a repetition of another one? */
export const REGENERATED = `regeneration <> ''`;
