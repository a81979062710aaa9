/**
 * Which shop a visitor looks at who sees some shops alone. They look at one at a time, by the filter `shop` that nearly
 * every page and operation has. One without that filter says how it keeps to them, and is refused to them if it does not.
 * A shop of others is answered like one that nobody knows.
 */
import { fault, isFault, type QueryFault } from './fault';
import { readFilters, type FilterSpec } from './filters';
import { NONE } from './none';

/**
 * How what has no filter by shop keeps to the shops of a visitor. scope: what it reads is of the one shop that the
 * address names. shops: it is about several shops, and reads theirs alone. nothing: nothing in it is of a shop.
 */
export type Keeping = 'scope' | 'shops' | 'nothing';

/** What a visitor may be shown. Whatever reads takes it, so that nobody forgets. */
export interface Scope {
	/** The shops that they see; null: all. */
	shops: readonly string[] | null;
	/** The one of them that is looked at; null where all are, and for what keeps by `shops`. */
	scope: string | null;
}

/** forbidden: it is not for them. unknown: there is no such shop. choose: one of several must be named. */
export type ScopeRefusal = 'forbidden' | 'unknown' | 'choose';

export interface Scoped extends Scope {
	/** The query with the shop that is looked at, for the filters. */
	params: URLSearchParams;
}

/** Filters that name a shop. */
const NAMING = ['shop', 'error_shop'] as const;

/** The part of a query that a visitor may ask for. @param filters those that are read of it */
export function scopeOf(
	shops: readonly string[] | null,
	filters: FilterSpec,
	keeps: Keeping | undefined,
	params: URLSearchParams
): Scoped | ScopeRefusal | QueryFault {
	if (shops === null) return { shops, scope: null, params };
	if (!('shop' in filters)) {
		if (keeps === undefined) return 'forbidden';
		if (keeps !== 'scope') return { shops, scope: null, params };
	}
	const asked = readFilters({ shop: 'text', error_shop: 'text' }, params);
	if (isFault(asked)) return asked;
	// What is meant by it is what has no shop, and belongs to nobody's part.
	const own = shops.filter((shop) => shop !== NONE && shop !== '');
	if (NAMING.some((name) => asked[name] !== null && !own.includes(asked[name]))) return 'unknown';
	const [first, ...others] = own;
	const scope = asked.shop ?? (others.length === 0 ? first : undefined);
	if (scope === undefined) return 'choose';
	const narrowed = new URLSearchParams(params);
	narrowed.set('shop', scope);
	return { shops: own, scope, params: narrowed };
}

/** The fault of a question that names no shop, of somebody who sees several. */
export function chooseFault(shops: readonly string[] | null): QueryFault {
	return fault('shop', `“shop” must be one of ${(shops ?? []).join(', ')}.`);
}
