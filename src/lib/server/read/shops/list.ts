/**
 * The shops with their figures of a range: sessions by when they started, AI requests and errors by when they were. All
 * of it comes from tallies, exactly. Shops are few beside what they send: of the MOST with the latest sessions all are
 * read and put in order, since no index knows an order by figures of any range.
 */
import {
	fault,
	isFault,
	readCursor,
	writeCursor,
	type FilterValues,
	type QueryFault,
	type Scope
} from '../../../query';
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { millis } from '../columns';
import type { Attention } from './attention';
import { NOTHING, shopFigures, type ShopFigures } from './figures';

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

export interface ShopRow extends ShopFigures {
	domain: string;
	firstSeenAt: Millis;
	/** When its latest session began. */
	lastSessionAt: Millis | null;
	attention: Attention[];
	/** Its sessions by bucket of `edges`. */
	trend: number[];
}

export interface ShopsAsked {
	range: { from: Millis; to: Millis };
	filters: FilterValues<typeof SHOP_FILTERS>;
	cursor: string | null;
	limit?: number;
	/** These alone; null: all. */
	shops: Scope['shops'];
}

export interface ShopList {
	rows: ShopRow[];
	/** Hours, UTC days or weeks, but for the range's own ends. */
	edges: Millis[];
	next: string | null;
	previous: string | null;
	/** Shops that match, and of those the ones of which a session started in the range, and that need attention. */
	count: number;
	active: number;
	inNeed: number;
	/** There are more than MOST shops, and these are of those with the latest sessions. */
	isLeast: boolean;
	/** Of all that the range has of the asker's shops, whatever the filters; with what named no shop where they are all. */
	total: ShopFigures;
	unnamed: ShopFigures;
}

const MOST = 10_000;
const READ_WITHIN_MS = 10_000;

/** @param attention why shops need attention */
export async function shopList(
	sql: Sql,
	{ range, filters, cursor: text, limit = 50, shops: own }: ShopsAsked,
	attention: ReadonlyMap<string, Attention[]>
): Promise<ShopList | QueryFault> {
	const sort = filters.sort ?? 'sessions';
	if (sort !== 'sessions' && sort !== 'attention') return fault('sort', '“sort” must be sessions or attention.');
	const shape = { list: 'shops', sort, key: ['number', 'number', 'text'] } as const;
	const cursor = readCursor(text, shape);
	if (isFault(cursor)) return cursor;

	const [known, { edges, figures, trends }] = await within(
		READ_WITHIN_MS,
		Promise.all([shops(sql, own), shopFigures(sql, range, own)])
	);
	const q = filters.q?.toLowerCase() ?? '';
	const all = known
		.slice(0, MOST)
		.map((shop): ShopRow => ({
			...shop,
			...(figures.get(shop.domain) ?? NOTHING),
			attention: attention.get(shop.domain) ?? [],
			trend: trends.get(shop.domain) ?? edges.slice(1).map(() => 0)
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
		edges,
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

function shops(sql: Sql, own: Scope['shops']): PromiseLike<KnownShop[]> {
	return sql<KnownShop[]>`
		select
			domain, ${millis(sql, 'first_seen_at')} as "firstSeenAt", ${millis(sql, 'last_session_at')} as "lastSessionAt"
		from shops
		where ${own === null ? sql`true` : sql`domain = any(${own}::text[])`}
		order by last_session_at desc nulls last, domain
		limit ${MOST + 1}`;
}
