/** Errors of a span by the time they happened, from `error_tallies` and, over shops or groups, `error_total_tallies`. */
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import type { Fragment } from '../columns';
import { cascade, DAY_MS, HOUR_MS, QUARTER_MS, WEEK_MS, type Span } from './cut';

const OF_EACH = [['quarter', QUARTER_MS]] as const;
const OF_ALL = [['all_day', DAY_MS], ['all_hour', HOUR_MS], ...OF_EACH] as const; // prettier-ignore
const OF_SHOPS = [['shop_week', WEEK_MS], ['shop_day', DAY_MS], ...OF_EACH] as const; // prettier-ignore

/** `group_key`, `shop`, `severity`, `step` and `errors`, their number. */
export function errorCounts(sql: Sql, span: Span): Fragment {
	return counted(sql, span, OF_EACH, [], ['group_key', 'shop', 'severity', 'step']);
}

/**
 * `at`, `group_key`, `severity`, `step` and `errors`.
 * @param edges of the buckets that `at` will be put into; without them all of the span is one
 */
export function groupErrorCounts(sql: Sql, span: Span, edges: readonly Millis[] = []): Fragment {
	const grains = span.shop === null ? OF_ALL : OF_EACH;
	return counted(sql, span, grains, edges, ['at', 'group_key', 'severity', 'step']);
}

/** `shop` ('' for none) and `errors`. */
export function shopErrorCounts(sql: Sql, span: Span): Fragment {
	return counted(sql, span, OF_SHOPS, [], ['shop']);
}

/** SQL of a column: of the tally, and of the row of an error. */
const COLUMNS = {
	at: ['bucket', 'occurred_at'],
	group_key: ['group_key', 'group_key'],
	shop: ['shop', `coalesce(shop_domain, '')`],
	severity: ['severity', 'key_text(severity)'],
	step: ['step', `coalesce(key_text(step), '')`]
} as const;

function counted(
	sql: Sql,
	span: Span,
	grains: typeof OF_EACH | typeof OF_ALL | typeof OF_SHOPS,
	edges: readonly Millis[],
	names: readonly (keyof typeof COLUMNS)[]
): Fragment {
	const { shop } = span;
	const columns = (of: 0 | 1) => sql.unsafe(names.map((name) => `${COLUMNS[name][of]} as ${name}`).join(', '));
	const isOne = (name: string) => (shop === null ? sql`true` : sql`${sql.unsafe(name)} = ${shop}`);
	return cascade<(typeof OF_ALL | typeof OF_SHOPS)[number][0]>(
		sql,
		span,
		'occurred_at',
		grains,
		edges,
		(grain, inBucket) => sql`
			select ${columns(0)}, errors
			from ${grain === 'quarter' ? sql`error_tallies where true` : sql`error_total_tallies where grain = ${grain}`}
				and ${inBucket} and ${isOne('shop')}`,
		(inEnd) => sql`
			select ${columns(1)}, 1::bigint as errors from error_events where ${inEnd} and ${isOne(`coalesce(shop_domain, '')`)}`
	);
}
