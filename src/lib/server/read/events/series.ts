/**
 * How many events there were of each type, over time and by shop. Types and shops are counted in tallies, exactly over any
 * range; what tallies do not know is counted in the rows of the latest events, and says how far back that goes.
 */
import { MOST_ROWS_OF_WHOLE, partedWords, wordOf, type Buckets, type Scope } from '../../../query';
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { millis, type Fragment } from '../columns';
import type { Counted } from '../keyset';
import { isTallied, latest, LOOKED, matches, type EventFilters, type Stretch } from './questions';
import { bucketOf, eventCounts, eventParts, shopEventCounts, type Span, type TypesAsked } from '../tallies';

const READ_WITHIN_MS = 10_000;
/** Types that are told apart: a client can make up new ones for ever. */
const MOST_TYPES = 200;
const MOST_SHOPS = 50;
/** Of a list that is asked for whole. */
const most = (shown: number, isWhole: boolean) => (isWhole ? MOST_ROWS_OF_WHOLE : shown);
const ALL: TypesAsked = { only: [], without: [] };

export interface TypeCount {
	type: string;
	events: number;
	/** By bucket, over all shops; null where counts of a shop have no grain fine enough. */
	trend: number[] | null;
}

/** The types with most events. */
export interface KnownTypes {
	types: TypeCount[];
	/** Types that were not counted, because others have more events. */
	others: number;
	/** Of so many types was it asked what one shop sent, those of which all shops sent most; null where all its own were. */
	among: number | null;
}

export interface ShopCounts {
	/** '' for no shop. */
	shops: { shop: string; events: number }[];
	/** How many there are in all. */
	inAll: number;
}

export interface EventSeries {
	/** By type, by bucket; null for a bucket that was not looked at whole. */
	types: { type: string; events: (number | null)[] }[];
	/** There are more types than those. */
	isCut: boolean;
	/** How far back rows were looked at, where that was not the whole range. */
	lookedTo: Millis | null;
}

/** The types in a range with most events, the most frequent first. With a shop, of that shop alone. */
export async function eventTypes(
	sql: Sql,
	range: Stretch,
	shop: string | null,
	times: Buckets,
	scope: Scope['scope'],
	isWhole: boolean
): Promise<KnownTypes> {
	if (scope !== null) return ownTypes(sql, range, scope, isWhole);
	const known = await within(
		READ_WITHIN_MS,
		sql<{ type: string; events: number; trend: [number, number][]; inAll: number }[]>`
			select
				event_type as type, sum(events)::float8 as events, json_agg(json_build_array(bucket, events)) as trend,
				count(*) over ()::int as "inAll"
			from (
				select event_type, ${bucketOf(sql, times.edges)} as bucket, sum(events)::float8 as events
				from ${eventCounts(sql, { ...range, shop: null }, ALL, times.edges)} as counted
				group by 1, 2
			) as counted
			group by event_type
			order by 2 desc, 1
			limit ${most(MOST_TYPES, isWhole)}`
	);
	const others = (known[0]?.inAll ?? 0) - known.length;
	if (shop === null) {
		return {
			others,
			among: null,
			types: known.map(({ type, events, trend }) => ({ type, events, trend: filledIn(trend, times) }))
		};
	}
	const names = known.map(({ type }) => type);
	const types = await within(
		READ_WITHIN_MS,
		sql<TypeCount[]>`
			select event_type as type, sum(events)::float8 as events, null as trend
			from ${eventParts(sql, { ...range, shop: shopWord(shop) }, { only: names, without: [] })} as parts
			group by event_type
			having sum(events) <> 0
			order by 2 desc, 1`
	);
	return { types: [...types], others, among: others > 0 ? known.length : null };
}

/** The types of one shop, for who sees no other: those of all shops do not choose them. */
async function ownTypes(sql: Sql, range: Stretch, scope: string, isWhole: boolean): Promise<KnownTypes> {
	const rows = await within(
		READ_WITHIN_MS,
		sql<(Omit<TypeCount, 'trend'> & { inAll: number })[]>`
			select event_type as type, sum(events)::float8 as events, count(*) over ()::int as "inAll"
			from ${eventParts(sql, { ...range, shop: scope }, ALL)} as parts
			group by event_type
			having sum(events) <> 0
			order by 2 desc, 1
			limit ${most(MOST_TYPES, isWhole)}`
	);
	return {
		types: rows.map(({ type, events }) => ({ type, events, trend: null })),
		others: (rows[0]?.inAll ?? 0) - rows.length,
		among: null
	};
}

/** The shops in a range with most events of these types, or of all where none is named. */
export async function eventShops(
	sql: Sql,
	range: Stretch,
	types: readonly string[],
	shop: string | null,
	isWhole: boolean
): Promise<ShopCounts> {
	const counted = countedByShop(sql, { ...range, shop: shopWord(shop) }, partedWords(types));
	const rows = await within(
		READ_WITHIN_MS,
		sql<{ shop: string; events: number; inAll: number }[]>`
			select shop, sum(events)::float8 as events, count(*) over ()::int as "inAll"
			from ${counted} as parts
			group by shop
			having sum(events) <> 0
			order by 2 desc, 1
			limit ${most(MOST_SHOPS, isWhole)}`
	);
	return { shops: rows.map(({ shop, events }) => ({ shop, events })), inAll: rows[0]?.inAll ?? 0 };
}

/** How many events of these types, or of all, and of this shop, or of all, by the tallies. */
export async function countTallied(
	sql: Sql,
	range: Stretch,
	{ type, shop }: Pick<EventFilters, 'type' | 'shop'>
): Promise<Counted> {
	const span = { ...range, shop: shopWord(shop) };
	if (shop === null) {
		const [row] = await sql<{ count: number }[]>`
			select coalesce(sum(events), 0)::float8 as count
			from ${eventCounts(sql, span, partedWords(type))} as counted`;
		return { count: row?.count ?? 0, isLeast: false };
	}
	const counted = countedByShop(sql, span, partedWords(type));
	const [row] = await sql<{ count: number }[]>`
		select coalesce(sum(events), 0)::float8 as count from ${counted} as parts`;
	return { count: row?.count ?? 0, isLeast: false };
}

/** `shop` and `events`: of types that are left out, those of all types less theirs, which are few beside all. */
function countedByShop(sql: Sql, span: Span, types: TypesAsked): Fragment {
	if (types.only.length > 0) return eventParts(sql, span, types);
	if (types.without.length === 0) return shopEventCounts(sql, span);
	return sql`(
		select shop, events from ${shopEventCounts(sql, span)} as counted
		union all
		select shop, -events from ${eventParts(sql, span, { only: types.without, without: [] })} as parts
	)`;
}

/** Do the tallies know the series of these events? */
export function isExactSeries(filters: EventFilters): boolean {
	return isTallied(filters) && filters.shop === null;
}

/** Events that match, over time, each of the named types by itself. */
export async function eventSeries(
	sql: Sql,
	range: Stretch,
	filters: EventFilters,
	times: Buckets
): Promise<EventSeries> {
	const isExact = isExactSeries(filters);
	const rows = await within(
		READ_WITHIN_MS,
		isExact
			? sql<{ type: string; trend: [number, number][] }[]>`
				select event_type as type, json_agg(json_build_array(bucket, events)) as trend
				from (
					select event_type, ${bucketOf(sql, times.edges)} as bucket, sum(events)::float8 as events
					from ${eventCounts(sql, { ...range, shop: null }, partedWords(filters.type), times.edges)} as counted
					group by 1, 2
				) as counted
				group by event_type
				order by sum(events) desc, 1
				limit ${MOST_TYPES + 1}`
			: sql<{ type: string; trend: [number, number][] }[]>`
				select event_type as type, json_agg(json_build_array(bucket, events)) as trend
				from (
					select event_type, ${bucketOf(sql, times.edges)} as bucket, count(*)::float8 as events
					from (
						select event_type, server_timestamp as at
						from (${latest(sql, { range, filters })}) as logged
						where ${matches(sql, filters)}
					) as matching
					group by 1, 2
				) as counted
				group by event_type
				order by sum(events) desc, 1
				limit ${MOST_TYPES + 1}`
	);
	const lookedTo = isExact ? null : await within(READ_WITHIN_MS, edgeOf(sql, range, filters));
	const known = (events: number, index: number) =>
		lookedTo !== null && (times.edges[index] ?? 0) < lookedTo ? null : events;
	return {
		types: rows.slice(0, MOST_TYPES).map(({ type, trend }) => ({ type, events: filledIn(trend, times).map(known) })),
		isCut: rows.length > MOST_TYPES,
		lookedTo
	};
}

/** The time of the last of the LOOKED rows; null when there are fewer. */
async function edgeOf(sql: Sql, range: Stretch, filters: EventFilters): Promise<Millis | null> {
	const [edge] = await sql<{ at: Millis }[]>`
		select ${millis(sql, 'server_timestamp')} as at
		from (${latest(sql, { range, filters })}) as logged
		order by server_timestamp desc
		offset ${LOOKED - 1}`;
	return edge?.at ?? null;
}

function filledIn(trend: readonly [number, number][], times: Buckets): number[] {
	const events = times.partial.map(() => 0);
	for (const [bucket, value] of trend) events[bucket] = value;
	return events;
}

function shopWord(shop: string | null): string | null {
	return shop === null ? null : wordOf(shop);
}
