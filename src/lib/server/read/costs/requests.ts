/**
 * AI requests one by one, newest first, with how many they are and what they cost: what the sums about costs are made
 * of. What they are asked for is asked of the same words as the sums, so that a number and the rows that it opens agree.
 * Requests have an index by time, by shop and by session; everything else is tried on the LOOKED next rows of the list and
 * no more, and the answer says how far that went.
 */
import { fault, isFault, partedWords, readCursor, writeCursor, wordOf, type Direction, type FilterValues, type QueryFault } from '../../../query'; // prettier-ignore
import type { Decimal, Millis } from '../../../live/messages';
import { AI_WORDS } from '../../projections/measures';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { beginning, decimal, millis, time, type Fragment } from '../columns';
import { descending, listPage, micros, momentFault, momentOfMicros, upToEdge, type LookedPage } from '../keyset';
import { aiDays, ofShop, type Span } from '../tallies';
import { COST_FILTERS, spanOf } from './parts';
import { priceOf, unpriced } from './prices';

export const REQUEST_FILTERS = {
	...COST_FILTERS,
	status: 'words',
	regeneration: 'flag',
	/** Why it was a regeneration. */
	reason: 'text',
	/** told, not_told; of those that were not told of successful ones: estimated (a price fits), no_price (none does). */
	cost: 'text',
	/** In dollars, as told. */
	cost_over: 'decimal',
	session: 'text'
} as const;

export type RequestFilters = FilterValues<typeof REQUEST_FILTERS>;
type Range = Pick<Span, 'from' | 'to'>;

export interface RequestsAsked {
	range: Range;
	filters: RequestFilters;
	cursor: string | null;
	limit?: number;
}

export interface AiRequestRow {
	id: string;
	requestId: string | null;
	at: Millis;
	sessionId: string | null;
	shop: string | null;
	provider: string | null;
	model: string | null;
	operation: string | null;
	step: string | null;
	status: string | null;
	durationMs: number | null;
	/** As it was told. */
	cost: Decimal | null;
	/** The price of its day, of a successful request whose cost nobody told. */
	estimate: Decimal | null;
	isRegeneration: boolean | null;
	reason: string | null;
	error: string | null;
}

/** How many match, and the sum of what they said they cost. */
export interface RequestSums {
	requests: number;
	cost: Decimal;
	/** They were counted among the latest LOOKED requests of the range, and there are more. */
	isLeast: boolean;
}

export type RequestList = LookedPage<AiRequestRow>;

/** At most so many rows are tried on conditions that have no index. */
const LOOKED = 20_000;
const READ_WITHIN_MS = 10_000;
const SHAPE = { list: 'ai requests', sort: 'occurred', key: ['number', 'text'] } as const;
const COSTS = ['told', 'not_told', 'estimated', 'no_price'];
const WORDS = ['provider', 'model', 'operation', 'step'] as const;

interface Key {
	micros: number;
	id: string;
}

/** A page of the requests that match. */
export async function requestList(
	sql: Sql,
	{ range, filters, cursor: text, limit = 50 }: RequestsAsked
): Promise<RequestList | QueryFault> {
	const cursor = readCursor(text, SHAPE);
	if (isFault(cursor)) return cursor;
	const wrong = (cursor && momentFault(cursor.key[0])) ?? costFault(filters);
	if (wrong) return wrong;
	const { way, beyond } = descending(sql, cursor);
	const order = sql`occurred_at ${way}, id ${way}`;
	const looked = sql`
		select * from ai_requests
		where ${inRange(sql, range, filters)} and ${behind(sql, cursor?.key ?? null, beyond)}
		order by ${order}
		limit ${LOOKED}`;
	const read = await within(
		READ_WITHIN_MS,
		sql<(Key & { row: AiRequestRow })[]>`
			select
				${micros(sql, 'requests.occurred_at')} as micros, requests.id,
				(select to_json(line) from (select ${requestRow(sql)}) as line) as row
			from (${looked}) as requests ${withWords(sql)}
			where ${matches(sql, filters)}
			order by requests.occurred_at ${way}, requests.id ${way}
			limit ${limit + 1}`
	);
	const cursorAt = (direction: Direction, key: Key) => writeCursor(SHAPE, direction, [key.micros, key.id]);
	const page = listPage(read, limit, cursor?.direction ?? null, cursorAt);
	const list = { ...page, rows: page.rows.map(({ row }) => row), lookedTo: null };
	if (read.length > limit) return list;
	const [edge] = await within(
		READ_WITHIN_MS,
		sql<(Key & { at: Millis })[]>`
			select id, ${micros(sql, 'occurred_at')} as micros, ${millis(sql, 'occurred_at')} as at
			from (${looked}) as requests
			order by ${order}
			offset ${LOOKED - 1}`
	);
	return upToEdge(list, cursor?.direction ?? null, edge, cursorAt);
}

/** The sums of all that match: from the tallies what they know, over any range; else of the latest LOOKED requests. */
export async function requestSums(
	sql: Sql,
	{ range, filters }: Pick<RequestsAsked, 'range' | 'filters'>
): Promise<RequestSums | QueryFault> {
	const wrong = costFault(filters);
	if (wrong) return wrong;
	const isTallied = filters.session === null && filters.cost_over === null;
	const source = isTallied ? talliedSums(sql, range, filters) : rowSums(sql, range, filters);
	const [row] = await within(
		READ_WITHIN_MS,
		sql<RequestSums[]>`
			select requests::float8 as requests, ${decimal(sql, 'cost')} as cost, looked >= ${LOOKED} as "isLeast"
			from (${source}) as summed`
	);
	if (!row) throw new Error('a sum without a group has one row');
	return row;
}

function talliedSums(sql: Sql, range: Range, filters: RequestFilters): Fragment {
	const parts = sql`(
		select words.* from ${aiDays(sql, spanOf(filters, range))} as words where ${ofWords(sql, filters)}
	)`;
	switch (filters.cost) {
		case null:
			return sql`select coalesce(sum(requests), 0) as requests, coalesce(sum(cost), 0) as cost, 0 as looked from ${parts} as parts`;
		case 'told':
			return sql`select coalesce(sum(requests - unpriced), 0) as requests, coalesce(sum(cost), 0) as cost, 0 as looked from ${parts} as parts`;
		case 'not_told':
			return sql`select coalesce(sum(unpriced), 0) as requests, 0::numeric as cost, 0 as looked from ${parts} as parts`;
		default:
			return sql`
				select coalesce(sum(unpriced), 0) as requests, 0::numeric as cost, 0 as looked
				from ${unpriced(sql, parts)} as priced
				where price_usd is ${filters.cost === 'estimated' ? sql`not null` : sql`null`}`;
	}
}

function rowSums(sql: Sql, range: Range, filters: RequestFilters): Fragment {
	return sql`
		select
			count(*) filter (where ${matches(sql, filters)}) as requests,
			coalesce(sum(cost_usd) filter (where ${matches(sql, filters)}), 0) as cost, count(*) as looked
		from (
			select * from ai_requests where ${inRange(sql, range, filters)} order by occurred_at desc limit ${LOOKED}
		) as requests ${withWords(sql)}`;
}

function costFault({ cost }: RequestFilters): QueryFault | null {
	return cost === null || COSTS.includes(cost) ? null : fault('cost', `“cost” must be one of ${COSTS.join(', ')}.`);
}

/** What has an index. */
function inRange(sql: Sql, { from, to }: Range, { shop, session }: RequestFilters): Fragment {
	return sql`occurred_at >= ${time(sql, from)} and occurred_at < ${time(sql, to)}
		and ${ofShop(sql, shop === null ? null : wordOf(shop))}
		and ${session === null ? sql`true` : sql`session_id = ${session}`}`;
}

/** The bound on the time alone is what the index is asked for. */
function behind(sql: Sql, key: readonly [number, string] | null, beyond: Fragment): Fragment {
	if (!key) return sql`true`;
	const at = momentOfMicros(sql, key[0]);
	return sql`occurred_at ${beyond}= ${at} and (occurred_at, id) ${beyond} (${at}, ${key[1]})`;
}

/** The words by which the tallies count a row of `requests`, under their names. */
function withWords(sql: Sql): Fragment {
	const named = Object.entries(AI_WORDS).map(([name, expression]) => `${expression} as ${name}`);
	return sql`cross join lateral (select ${sql.unsafe(named.join(', '))}) as words`;
}

/** Condition on a relation called `words`, of the tallies (of the shop that is asked for) or of rows. */
function ofWords(sql: Sql, filters: RequestFilters): Fragment {
	const { regeneration, reason } = filters;
	const { only, without } = partedWords(filters.status);
	const own = WORDS.reduce(
		(condition, word) => {
			const value = filters[word];
			return value === null ? condition : sql`${condition} and words.${sql(word)} = ${wordOf(value)}`;
		},
		sql`true`
	);
	return sql`
		${own}
		and ${only.length === 0 ? sql`true` : sql`words.status = any(${only.map(wordOf)}::text[])`}
		and ${without.length === 0 ? sql`true` : sql`words.status <> all(${without.map(wordOf)}::text[])`}
		and ${regeneration === null ? sql`true` : sql`(words.regeneration <> '') = ${regeneration}::boolean`}
		and ${reason === null ? sql`true` : sql`words.regeneration = ${wordOf(reason)}`}`;
}

/** The same with what is asked of the cost, of rows of `requests` in range. */
function matches(sql: Sql, filters: RequestFilters): Fragment {
	const { cost, cost_over } = filters;
	const priced = sql`requests.cost_usd is null and words.status = 'success' and ${estimateOf(sql)}`;
	const ofCost: Record<string, Fragment> = {
		told: sql`requests.cost_usd is not null`,
		not_told: sql`requests.cost_usd is null`,
		estimated: sql`${priced} is not null`,
		no_price: sql`${priced} is null`
	};
	return sql`(
		${ofWords(sql, filters)}
		and ${(cost === null ? null : ofCost[cost]) ?? sql`true`}
		and ${cost_over === null ? sql`true` : sql`requests.cost_usd > ${cost_over}::numeric`}
	)`;
}

function estimateOf(sql: Sql): Fragment {
	return sql`(${priceOf(sql, sql`words.provider, words.model, words.operation, requests.occurred_at`)})`;
}

/** The columns of an AiRequestRow, from `requests` and `words`. */
function requestRow(sql: Sql): Fragment {
	const text = (column: string) => beginning(sql, `requests.${column}`, 255);
	return sql`
		requests.id, ${text('request_id')} as "requestId", ${millis(sql, 'requests.occurred_at')} as at,
		requests.session_id as "sessionId", requests.shop_domain as shop, ${text('provider')} as provider,
		${text('model')} as model, ${text('operation')} as operation, ${text('step')} as step, ${text('status')} as status,
		requests.duration_ms::float8 as "durationMs", ${decimal(sql, 'requests.cost_usd')} as cost,
		case when requests.cost_usd is null and words.status = 'success' then trim_scale(${estimateOf(sql)})::text end as estimate,
		requests.is_regeneration as "isRegeneration", ${text('regeneration_reason')} as reason,
		${text('error_message')} as error`;
}
