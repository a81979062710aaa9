/** AI requests of a span by the time of the request, from `ai_tallies` and, by what was asked of whom, `ai_part_tallies`. */
import type { Millis } from '../../../live/messages';
import { AI_MEASURES, AI_PART_MEASURES, AI_WORDS } from '../../projections/measures';
import type { Sql } from '../../db/connect';
import type { Fragment } from '../columns';
import { cascade, DAY_MS, HOUR_MS, measured, named, ofShop, QUARTER_MS, WEEK_MS, type Span } from './cut';

const OF_ALL = [['all_day', DAY_MS], ['all_hour', HOUR_MS], ['all_quarter', QUARTER_MS]] as const; // prettier-ignore
const OF_SHOP = [['shop_week', WEEK_MS], ['shop_day', DAY_MS], ['shop_hour', HOUR_MS], ['shop_quarter', QUARTER_MS]] as const; // prettier-ignore
const PART_DAYS_OF_ALL = [['all_day', DAY_MS], ['all_hour', HOUR_MS]] as const; // prettier-ignore
const PART_DAYS_OF_SHOP = [['shop_day', DAY_MS]] as const;

/**
 * `at` and the measures of an AI request (see AI_MEASURES).
 * @param edges of the buckets that `at` will be put into; without them all of the span is one
 */
export function aiCounts(sql: Sql, span: Span, edges: readonly Millis[] = []): Fragment {
	const names = sql.unsafe(Object.keys(AI_MEASURES).join(', '));
	const grains = span.shop === null ? OF_ALL : OF_SHOP;
	return cascade(
		sql,
		span,
		'occurred_at',
		grains,
		edges,
		(grain, inBucket) => sql`
			select bucket as at, ${names} from ai_tallies
			where grain = ${grain} and shop = ${span.shop ?? ''} and ${inBucket}`,
		(inEnd) => sql`
			select occurred_at as at, ${measured(sql, AI_MEASURES)} from ai_requests where ${inEnd} and ${ofShop(sql, span.shop)}`
	);
}

/** `shop` ('' for none) and the measures of an AI request, of all shops. */
export function shopAiCounts(sql: Sql, span: Pick<Span, 'from' | 'to'>): Fragment {
	const names = sql.unsafe(Object.keys(AI_MEASURES).join(', '));
	return cascade(
		sql,
		span,
		'occurred_at',
		OF_SHOP,
		[],
		(grain, inBucket) => sql`select shop, ${names} from ai_tallies where grain = ${grain} and ${inBucket}`,
		(inEnd) => sql`
			select coalesce(shop_domain, '') as shop, ${measured(sql, AI_MEASURES)} from ai_requests where ${inEnd}`
	);
}

/**
 * The words of an AI request (see AI_WORDS: provider, model, operation, step, status, regeneration) and requests, unpriced,
 * cost.
 */
export function aiParts(sql: Sql, span: Span): Fragment {
	return parts(sql, span, []);
}

/** The same with the `day` (UTC) of each: far more rows of a long span. */
export function aiDays(sql: Sql, span: Span): Fragment {
	return parts(sql, span, ['day']);
}

/** As aiParts, with the `shop` of each ('' for none). */
export function shopAiParts(sql: Sql, span: Span): Fragment {
	return parts(sql, span, ['shop']);
}

/** As aiDays, with the `shop` of each ('' for none). */
export function shopAiDays(sql: Sql, span: Span): Fragment {
	return parts(sql, span, ['day', 'shop']);
}

/** Of a part's day and shop, in a tally and of a row of its own. */
const KEYS = {
	day: ['day_of(bucket) as day', 'day_of(occurred_at) as day'],
	shop: ['shop', `coalesce(shop_domain, '') as shop`]
} as const;

function parts(sql: Sql, span: Span, keys: readonly (keyof typeof KEYS)[]): Fragment {
	const isOfAll = span.shop === null && !keys.includes('shop');
	const byDay = isOfAll ? PART_DAYS_OF_ALL : PART_DAYS_OF_SHOP;
	const longer = isOfAll ? 'all_week' : 'shop_week';
	const columns = (of: 0 | 1) => sql.unsafe(keys.map((key) => `${KEYS[key][of]}, `).join(''));
	const words = sql.unsafe(Object.keys(AI_WORDS).join(', '));
	return cascade(
		sql,
		span,
		'occurred_at',
		keys.includes('day') ? byDay : [[longer, WEEK_MS], ...byDay],
		[],
		(grain, inBucket) => sql`
			select ${columns(0)} ${words}, requests, unpriced, cost from ai_part_tallies
			where grain = ${grain} and ${inBucket}
				and ${span.shop === null && !isOfAll ? sql`true` : sql`shop = ${span.shop ?? ''}`}`,
		(inEnd) => sql`
			select ${columns(1)} ${named(sql, AI_WORDS)}, ${measured(sql, AI_PART_MEASURES)} from ai_requests
			where ${inEnd} and ${ofShop(sql, span.shop)}`
	);
}
