/**
 * The shops with their figures of a range: sessions by when they started, AI requests and errors by when they were. All
 * of it comes from tallies, exactly. Shops are few beside what they send: of the MOST with the latest sessions all are
 * read and put in order, since no index knows an order by figures of any range.
 */
import { fault, isFault, readCursor, writeCursor, type FilterValues, type QueryFault } from '../../../query';
import type { Decimal, Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { millis, time } from '../columns';
import { DAY_MS, type Attention } from './attention';
import { aiParts, bucketOf, errorCounts, sessionParts } from '../tallies';

export const SHOP_FILTERS = {
	/** A part of the domain. */
	q: 'text',
	/** Those that need attention. */
	attention: 'flag',
	/** Those of which a session started in the range. */
	active: 'flag',
	/** sessions (the default) or attention: those that need it first. */
	sort: 'text'
} as const;

export interface ShopFigures {
	sessions: number;
	/** Of them: still in progress. */
	inProgress: number;
	completed: number;
	/** What AI requests cost, and errors, in the range. */
	cost: Decimal;
	errors: number;
}

export interface ShopRow extends ShopFigures {
	domain: string;
	firstSeenAt: Millis;
	/** When its latest session began. */
	lastSessionAt: Millis | null;
	attention: Attention[];
}

export interface Trend {
	/** Hours or UTC days (or several of them), whole ones: the first can begin before the range. */
	edges: Millis[];
	/** Sessions by shop. */
	sessions: Map<string, number[]>;
}

export interface ShopsAsked {
	range: { from: Millis; to: Millis };
	filters: FilterValues<typeof SHOP_FILTERS>;
	cursor: string | null;
	limit?: number;
}

export interface ShopList {
	rows: ShopRow[];
	next: string | null;
	previous: string | null;
	/** Shops that match, and of those the ones of which a session started in the range, and that need attention. */
	count: number;
	active: number;
	inNeed: number;
	/** There are more than MOST shops, and these are of those with the latest sessions. */
	isLeast: boolean;
	/** Of all that the range has, whatever the filters, with what named no shop. */
	total: ShopFigures;
	unnamed: ShopFigures;
}

const MOST = 10_000;
const READ_WITHIN_MS = 10_000;
const HOUR_MS = 3_600_000;
const NOTHING: ShopFigures = { sessions: 0, inProgress: 0, completed: 0, cost: '0', errors: 0 };

/** @param attention why shops need attention */
export async function shopList(
	sql: Sql,
	{ range, filters, cursor: text, limit = 50 }: ShopsAsked,
	attention: ReadonlyMap<string, Attention[]>
): Promise<ShopList | QueryFault> {
	const sort = filters.sort ?? 'sessions';
	if (sort !== 'sessions' && sort !== 'attention') return fault('sort', '“sort” must be sessions or attention.');
	const shape = { list: 'shops', sort, key: ['number', 'number', 'text'] } as const;
	const cursor = readCursor(text, shape);
	if (isFault(cursor)) return cursor;

	const [known, figures] = await within(READ_WITHIN_MS, Promise.all([shops(sql), shopFigures(sql, range)]));
	const q = filters.q?.toLowerCase() ?? '';
	const all = known
		.slice(0, MOST)
		.map((shop): ShopRow => ({
			...shop,
			...(figures.get(shop.domain) ?? NOTHING),
			attention: attention.get(shop.domain) ?? []
		})) // prettier-ignore
		.filter((shop) => shop.domain.toLowerCase().includes(q))
		.filter((shop) => filters.attention === null || shop.attention.length > 0 === filters.attention)
		.filter((shop) => filters.active === null || shop.sessions > 0 === filters.active);
	const keyOf = (shop: ShopRow) =>
		[sort === 'attention' ? shop.attention.length : 0, shop.sessions, shop.domain] as [number, number, string];
	all.sort((a, b) => compare(keyOf(a), keyOf(b)));

	const after =
		cursor === null ? 0 : all.findIndex((shop) => isBehind(compare(keyOf(shop), cursor.key), cursor.direction));
	const begin = after === -1 ? all.length : cursor?.direction === 'previous' ? Math.max(0, after - limit) : after;
	const end = cursor?.direction === 'previous' && after !== -1 ? after : begin + limit;
	const rows = all.slice(begin, end);
	const [first, last] = [rows.at(0), rows.at(-1)];
	return {
		rows,
		next: last && end < all.length ? writeCursor(shape, 'next', keyOf(last)) : null,
		previous: first && begin > 0 ? writeCursor(shape, 'previous', keyOf(first)) : null,
		count: all.length,
		active: all.filter(({ sessions }) => sessions > 0).length,
		inNeed: all.filter((shop) => shop.attention.length > 0).length,
		isLeast: known.length > MOST,
		total: figures.get(null) ?? NOTHING,
		unnamed: figures.get('') ?? NOTHING
	};
}

/** Descending, but for the domain. */
function compare(a: readonly [number, number, string], b: readonly [number, number, string]): number {
	return b[0] - a[0] || b[1] - a[1] || (a[2] < b[2] ? -1 : a[2] > b[2] ? 1 : 0);
}

/** Is this the place where a page ends or begins? Backwards, the first row that is not before the cursor's. */
function isBehind(order: number, direction: 'next' | 'previous'): boolean {
	return direction === 'next' ? order > 0 : order >= 0;
}

type KnownShop = Pick<ShopRow, 'domain' | 'firstSeenAt' | 'lastSessionAt'>;

function shops(sql: Sql): PromiseLike<KnownShop[]> {
	return sql<KnownShop[]>`
		select
			domain, ${millis(sql, 'first_seen_at')} as "firstSeenAt", ${millis(sql, 'last_session_at')} as "lastSessionAt"
		from shops
		order by last_session_at desc nulls last, domain
		limit ${MOST + 1}`;
}

/** The figures of each shop that has any, '' for what named none, and null for all together. */
async function shopFigures(sql: Sql, range: ShopsAsked['range']): Promise<Map<string | null, ShopFigures>> {
	const span = { ...range, shop: null };
	const rows = await sql<(ShopFigures & { shop: string | null })[]>`
		select
			shop, coalesce(sum(sessions), 0)::float8 as sessions, coalesce(sum(in_progress), 0)::float8 as "inProgress",
			coalesce(sum(completed), 0)::float8 as completed, trim_scale(coalesce(sum(cost), 0))::text as cost,
			coalesce(sum(errors), 0)::float8 as errors
		from (
			select shop, sum(sessions) as sessions, sum(active) as in_progress, sum(completed) as completed, 0 as cost, 0 as errors
			from ${sessionParts(sql, 'device', span)} as parts group by shop
			union all
			select shop, 0, 0, 0, sum(cost), 0 from ${aiParts(sql, span)} as parts group by shop
			union all
			select shop, 0, 0, 0, 0, sum(errors) from ${errorCounts(sql, span)} as parts group by shop
		) as summed
		group by rollup (shop)`;
	return new Map(rows.map(({ shop, ...figures }) => [shop, figures]));
}

/** How many sessions of these shops began in each hour, or in each UTC day where the range is longer than three. */
export async function shopTrends(
	sql: Sql,
	{ from, to }: ShopsAsked['range'],
	domains: readonly string[]
): Promise<Trend> {
	const days = (to - from) / DAY_MS;
	const grain = days <= 3 ? HOUR_MS : DAY_MS * Math.ceil(days / 60);
	const edges = [Math.floor(from / grain) * grain];
	while ((edges.at(-1) ?? to) < to) edges.push((edges.at(-1) ?? 0) + grain);
	const [first, end] = [time(sql, edges[0] ?? from), time(sql, edges.at(-1) ?? to)];
	const rows = await within(
		READ_WITHIN_MS,
		sql<{ shop: string; bucket: number; sessions: number }[]>`
			select shop, ${bucketOf(sql, edges)} as bucket, sum(sessions)::float8 as sessions
			from (
				select shop, bucket as at, sessions from session_tallies
				where dimension = ${grain < DAY_MS ? 'shop' : 'device'} and shop = any(${domains}::text[])
					and bucket >= ${first} and bucket < ${end}
				union all
				select shop_domain, started_at, 1 from sessions
				where status = 'in_progress' and shop_domain = any(${domains}::text[])
					and started_at >= ${first} and started_at < ${end}
			) as counted
			group by 1, 2`
	);
	const sessions = new Map(domains.map((domain) => [domain, edges.slice(1).map(() => 0)]));
	for (const { shop, bucket, sessions: number } of rows) {
		const trend = sessions.get(shop);
		if (trend) trend[bucket] = number;
	}
	return { edges, sessions };
}
