/**
 * Sums over any range of time, exact to the millisecond, without reading its history: whole stretches come from the
 * tallies, what the range's ends cut off and what is not in a tally yet from the rows themselves. Each function gives a
 * relation to select from, in which everything in the range is counted exactly once; a row's `at` lies in the stretch
 * that it counts, and never in another bucket of a chart whose edges are quarters of an hour.
 */
import {
	AI_DAY_MEASURES,
	AI_MEASURES,
	AI_WORDS,
	ENDED_WORDS,
	SESSION_MEASURES,
	SESSION_WORDS
} from '../projections/measures';
import type { Millis } from '../../live/messages';
import type { Sql } from '../db/connect';
import { time, type Fragment } from './columns';

export interface Span {
	from: Millis;
	/** Not in the span any more. */
	to: Millis;
	/** One shop alone ('' for what named none); null for all. */
	shop: string | null;
}

const QUARTER_MS = 900_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** The whole stretches of a span, and what is left of it at its ends. */
interface Cut {
	from: Millis;
	wholeFrom: Millis;
	wholeTo: Millis;
	to: Millis;
}

function cut({ from, to }: Span, grainMs: number): Cut {
	const wholeFrom = Math.ceil(from / grainMs) * grainMs;
	const wholeTo = Math.floor(to / grainMs) * grainMs;
	// No whole stretch: all of it is at the ends.
	return wholeFrom < wholeTo ? { from, wholeFrom, wholeTo, to } : { from, wholeFrom: to, wholeTo: to, to };
}

function inWhole(sql: Sql, column: string, { wholeFrom, wholeTo }: Cut): Fragment {
	return sql`${sql(column)} >= ${time(sql, wholeFrom)} and ${sql(column)} < ${time(sql, wholeTo)}`;
}

function atEnds(sql: Sql, column: string, { from, wholeFrom, wholeTo, to }: Cut): Fragment {
	const name = sql(column);
	return sql`(
		(${name} >= ${time(sql, from)} and ${name} < ${time(sql, wholeFrom)})
		or (${name} >= ${time(sql, wholeTo)} and ${name} < ${time(sql, to)})
	)`;
}

function named(sql: Sql, expressions: Readonly<Record<string, string>>): Fragment {
	return sql.unsafe(
		Object.entries(expressions)
			.map(([name, expression]) => `${expression} as ${name}`)
			.join(', ')
	);
}

/** Condition on the shop of a row of a projection. */
function ofShop(sql: Sql, shop: string | null): Fragment {
	if (shop === null) return sql`true`;
	return shop === '' ? sql`shop_domain is null` : sql`shop_domain = ${shop}`;
}

/** `at`, the measures of a session (see SESSION_MEASURES), and `active`: sessions in progress. By the time they started. */
export function sessionCounts(sql: Sql, span: Span): Fragment {
	const parts = cut(span, QUARTER_MS);
	const rows = sql`started_at as at, ${named(sql, SESSION_MEASURES)}`;
	const names = sql.unsafe(Object.keys(SESSION_MEASURES).join(', '));
	const of =
		span.shop === null ? sql`dimension = 'all' and shop = ''` : sql`dimension = 'shop' and shop = ${span.shop}`;
	return sql`(
		select bucket as at, ${names}, 0 as active from session_tallies where ${of} and ${inWhole(sql, 'bucket', parts)}
		union all
		select ${rows}, 0 from sessions
		where status <> 'in_progress' and ${atEnds(sql, 'started_at', parts)} and ${ofShop(sql, span.shop)}
		union all
		select ${rows}, 1 from sessions
		where status = 'in_progress' and started_at >= ${time(sql, span.from)} and started_at < ${time(sql, span.to)}
			and ${ofShop(sql, span.shop)}
	)`;
}

/** By what sessions can be split. `exit` and `post_ar` are known of ended sessions alone. */
export type SessionDimension = 'device' | 'product' | 'exit' | 'post_ar';

/** `shop`, `value` of the dimension, the measures of a session, and `active`. By the time they started. */
export function sessionParts(sql: Sql, dimension: SessionDimension, span: Span): Fragment {
	const parts = cut(span, DAY_MS);
	const value = sql.unsafe(ENDED_WORDS[dimension]);
	const rows = sql`coalesce(shop_domain, '') as shop, ${value} as value, ${named(sql, SESSION_MEASURES)}`;
	const names = sql.unsafe(Object.keys(SESSION_MEASURES).join(', '));
	const active =
		dimension in SESSION_WORDS
			? sql`
		union all
		select ${rows}, 1 from sessions
		where status = 'in_progress' and started_at >= ${time(sql, span.from)} and started_at < ${time(sql, span.to)}
			and ${ofShop(sql, span.shop)}`
			: sql``;
	return sql`(
		select shop, value, ${names}, 0 as active from session_tallies
		where dimension = ${dimension} and ${inWhole(sql, 'bucket', parts)}
			and ${span.shop === null ? sql`true` : sql`shop = ${span.shop}`}
		union all
		select ${rows}, 0 from sessions
		where status <> 'in_progress' and ${atEnds(sql, 'started_at', parts)} and ${ofShop(sql, span.shop)}
		${active}
	)`;
}

/** `at` and the measures of an AI request (see AI_MEASURES). By the time of the request. */
export function aiCounts(sql: Sql, span: Span): Fragment {
	const parts = cut(span, QUARTER_MS);
	const names = sql.unsafe(Object.keys(AI_MEASURES).join(', '));
	// The tally has no row of its own for requests without a shop.
	if (span.shop === '') {
		return sql`(
			select occurred_at as at, ${named(sql, AI_MEASURES)} from ai_requests
			where shop_domain is null and occurred_at >= ${time(sql, span.from)} and occurred_at < ${time(sql, span.to)}
		)`;
	}
	return sql`(
		select bucket as at, ${names} from ai_tallies where shop = ${span.shop ?? ''} and ${inWhole(sql, 'bucket', parts)}
		union all
		select occurred_at as at, ${named(sql, AI_MEASURES)} from ai_requests
		where ${atEnds(sql, 'occurred_at', parts)} and ${ofShop(sql, span.shop)}
	)`;
}

/**
 * `day` (UTC), `shop`, the words of an AI request (see AI_WORDS: provider, model, operation, step, status, regeneration)
 * and requests, unpriced, cost. By the time of the request.
 */
export function aiParts(sql: Sql, span: Span): Fragment {
	const parts = cut(span, DAY_MS);
	const words = sql.unsafe(Object.keys(AI_WORDS).join(', '));
	return sql`(
		select day, shop, ${words}, requests, unpriced, cost from ai_days
		where ${inWhole(sql, 'day', parts)} and ${span.shop === null ? sql`true` : sql`shop = ${span.shop}`}
		union all
		select day_of(occurred_at), coalesce(shop_domain, ''), ${named(sql, AI_WORDS)}, ${named(sql, AI_DAY_MEASURES)}
		from ai_requests
		where ${atEnds(sql, 'occurred_at', parts)} and ${ofShop(sql, span.shop)}
	)`;
}

/** `at`, `group_key`, `shop`, `severity`, `step` and `errors`, their number. By the time of the error. */
export function errorCounts(sql: Sql, span: Span): Fragment {
	const parts = cut(span, QUARTER_MS);
	return sql`(
		select bucket as at, group_key, shop, severity, step, errors from error_tallies
		where ${inWhole(sql, 'bucket', parts)} and ${span.shop === null ? sql`true` : sql`shop = ${span.shop}`}
		union all
		select occurred_at, group_key, coalesce(shop_domain, ''), key_text(severity), coalesce(key_text(step), ''), 1
		from error_events
		where ${atEnds(sql, 'occurred_at', parts)}
			and ${span.shop === null ? sql`true` : sql`coalesce(shop_domain, '') = ${span.shop}`}
	)`;
}

/** The grains of `event_tallies`, coarsest first: by type over all shops, and by shop over all types. */
const EVENT_GRAINS = [
	['day', DAY_MS],
	['hour', HOUR_MS],
	['quarter', QUARTER_MS]
] as const;
const SHOP_GRAINS = [
	['shop_day_total', DAY_MS],
	['shop_hour_total', HOUR_MS]
] as const;

/**
 * `at`, `event_type` and `events`, their number, over all shops. By when the server received them. Whole days come from
 * counts of days, what is left of them from counts of hours, and so on down to the rows at the very ends.
 * @param edges of the buckets that `at` will be put into; without them all of the span is one
 */
export function eventCounts(
	sql: Sql,
	{ from, to }: Span,
	types: readonly string[] | null,
	edges: readonly Millis[] = []
): Fragment {
	const ofType = types === null ? sql`true` : sql`event_type = any(${types}::text[])`;
	const fine = EVENT_GRAINS.filter(([, length]) => edges.slice(1, -1).every((edge) => edge % length === 0));
	const { counts, atEnds } = cascade(
		sql,
		{ from, to },
		fine,
		(grain, inBucket) => sql`
			select bucket as at, event_type, events from event_tallies
			where grain = ${grain} and shop = '' and ${inBucket} and ${ofType}`
	);
	return sql`(
		${counts}
		select server_timestamp as at, event_type, 1 as events from analytics_events where ${atEnds} and ${ofType}
	)`;
}

/** `shop` ('' for none) and `events`, their number, of all types. By when the server received them. */
export function shopEventCounts(sql: Sql, { from, to, shop }: Span): Fragment {
	const { counts, atEnds } = cascade(
		sql,
		{ from, to },
		SHOP_GRAINS,
		(grain, inBucket) => sql`
			select shop, events from event_tallies
			where grain = ${grain} and event_type = '' and ${inBucket} and ${shop === null ? sql`true` : sql`shop = ${shop}`}`
	);
	return sql`(
		${counts}
		select coalesce(shop_domain, '') as shop, 1 as events from analytics_events
		where ${atEnds} and ${shop === null ? sql`true` : sql`coalesce(shop_domain, '') = ${shop}`}
	)`;
}

/** Counts of whole stretches, coarsest first, each followed by `union all`; and the condition on the rows that are left. */
function cascade(
	sql: Sql,
	{ from, to }: Pick<Span, 'from' | 'to'>,
	grains: readonly (readonly [string, number])[],
	counted: (grain: string, inBucket: Fragment) => Fragment
): { counts: Fragment; atEnds: Fragment } {
	let counts = sql``;
	let open: [Millis, Millis][] = [[from, to]];
	for (const [grain, grainMs] of grains) {
		open = open.flatMap(([start, end]) => {
			const parts = cut({ from: start, to: end, shop: null }, grainMs);
			if (parts.wholeFrom === parts.wholeTo) return [[start, end]];
			counts = sql`${counts} ${counted(grain, inWhole(sql, 'bucket', parts))} union all`;
			return [
				[start, parts.wholeFrom],
				[parts.wholeTo, end]
			];
		});
	}
	const atEnds = open.reduce(
		(before, [start, end]) =>
			sql`${before} or (server_timestamp >= ${time(sql, start)} and server_timestamp < ${time(sql, end)})`,
		sql`false`
	);
	return { counts, atEnds: sql`(${atEnds})` };
}

/** `shop`, `event_type` and `events`, their number. By when the server received them. */
export function eventParts(sql: Sql, span: Span, types: readonly string[]): Fragment {
	const parts = cut(span, DAY_MS);
	return sql`(
		select shop, event_type, events from event_tallies
		where grain = 'shop_day' and event_type = any(${types}::text[]) and ${inWhole(sql, 'bucket', parts)}
			and ${span.shop === null ? sql`true` : sql`shop = ${span.shop}`}
		union all
		select coalesce(shop_domain, ''), event_type, 1 from analytics_events
		where event_type = any(${types}::text[]) and ${atEnds(sql, 'server_timestamp', parts)}
			and ${span.shop === null ? sql`true` : sql`coalesce(shop_domain, '') = ${span.shop}`}
	)`;
}

/** The place of `at` among the edges of a chart's buckets, from 0. */
export function bucketOf(sql: Sql, edges: readonly Millis[]): Fragment {
	const times = edges.slice(0, -1).map((edge) => new Date(edge).toISOString());
	return sql`width_bucket(at, ${times}::timestamptz[]) - 1`;
}
