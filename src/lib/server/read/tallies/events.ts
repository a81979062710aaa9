/** Events of a span by when the server received them, from `event_tallies`. */
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import type { Fragment } from '../columns';
import { cascade, DAY_MS, HOUR_MS, ofShop, QUARTER_MS, type Span } from './cut';

const OF_TYPES = [['day', DAY_MS], ['hour', HOUR_MS], ['quarter', QUARTER_MS]] as const; // prettier-ignore
const OF_SHOPS = [['shop_day_total', DAY_MS], ['shop_hour_total', HOUR_MS]] as const; // prettier-ignore
const OF_SHOP_AND_TYPES = [['shop_day', DAY_MS]] as const;

/** Types of events that are asked for: these alone (none: any), and none of those. */
export interface TypesAsked {
	only: readonly string[];
	without: readonly string[];
}

/** Condition on rows with an `event_type`. */
export function ofTypes(sql: Sql, { only, without }: TypesAsked): Fragment {
	const isOne = only.length === 0 ? sql`true` : sql`event_type = any(${only}::text[])`;
	return without.length === 0 ? isOne : sql`(${isOne} and event_type <> all(${without}::text[]))`;
}

/**
 * `at`, `event_type` and `events`, their number, over all shops.
 * @param edges of the buckets that `at` will be put into; without them all of the span is one
 */
export function eventCounts(sql: Sql, span: Span, types: TypesAsked, edges: readonly Millis[] = []): Fragment {
	const ofType = ofTypes(sql, types);
	return cascade(
		sql,
		span,
		'server_timestamp',
		OF_TYPES,
		edges,
		(grain, inBucket) => sql`
			select bucket as at, event_type, events from event_tallies
			where grain = ${grain} and shop = '' and ${inBucket} and ${ofType}`,
		(inEnd) => sql`
			select server_timestamp as at, event_type, 1::bigint as events from analytics_events where ${inEnd} and ${ofType}`
	);
}

/** `shop` ('' for none) and `events`, their number, of all types. */
export function shopEventCounts(sql: Sql, span: Span): Fragment {
	const { shop } = span;
	return cascade(
		sql,
		span,
		'server_timestamp',
		OF_SHOPS,
		[],
		(grain, inBucket) => sql`
			select shop, events from event_tallies
			where grain = ${grain} and event_type = '' and ${inBucket} and ${shop === null ? sql`true` : sql`shop = ${shop}`}`,
		(inEnd) => sql`
			select coalesce(shop_domain, '') as shop, 1::bigint as events from analytics_events
			where ${inEnd} and ${shop === null ? sql`true` : sql`coalesce(shop_domain, '') = ${shop}`}`
	);
}

/** `shop`, `event_type` and `events`, their number. @param types other than some alone: for one shop */
export function eventParts(sql: Sql, span: Span, types: TypesAsked): Fragment {
	const { shop } = span;
	const ofType = ofTypes(sql, types);
	// Of all types the shop's own index finds the rows.
	const ofOne = types.only.length === 0 ? ofShop(sql, shop) : sql`coalesce(shop_domain, '') = ${shop}`;
	return cascade(
		sql,
		span,
		'server_timestamp',
		OF_SHOP_AND_TYPES,
		[],
		(grain, inBucket) => sql`
			select shop, event_type, events from event_tallies
			where grain = ${grain} and ${ofType} and ${inBucket} and ${shop === null ? sql`true` : sql`shop = ${shop}`}`,
		(inEnd) => sql`
			select coalesce(shop_domain, '') as shop, event_type, 1::bigint as events from analytics_events
			where ${ofType} and ${inEnd} and ${shop === null ? sql`true` : ofOne}`
	);
}
