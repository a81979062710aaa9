/**
 * What an operation of the API was asked for, read from the address as pages read it (src/lib/ui/page/frame.ts). What
 * cannot be read is refused with its reason, never guessed. Who sees some shops alone asks of one of these, whatever the
 * address says (see src/lib/query/scope.ts).
 */
import type { Cookies } from '@sveltejs/kit';
import type { Millis } from '../../live/messages';
import { chooseFault, isFault, readFilters, readRange, readZone, scopeOf, ZONE_COOKIE, type FilterSpec, type FilterValues, type Keeping, type QueryFault, type Range, type Scope } from '../../query'; // prettier-ignore

/** What an address can ask for. */
export interface Question<S extends FilterSpec> {
	filters: S;
	/** Where the range begins if the address does not say; its end is then now. */
	from: string;
	/** How an operation without a filter by shop keeps to the visitor's shops; without a word it is not for who sees some alone. */
	keeps?: Keeping;
}

export interface Asked<S extends FilterSpec> extends Scope {
	now: Millis;
	zone: string;
	range: Range;
	filters: FilterValues<S>;
	/** Where the list goes on, unread; null at its beginning. */
	cursor: string | null;
}

/** What a request asks for, what is wrong with it, or why it is not answered to this visitor. */
export function readAsked<S extends FilterSpec>(
	{ url: { searchParams }, cookies, shops }: { url: URL; cookies: Cookies; shops: readonly string[] | null },
	question: Question<S>
): Asked<S> | QueryFault | 'unknown' | 'forbidden' {
	const scoped = scopeOf(shops, question.filters, question.keeps, searchParams);
	if (scoped === 'choose') return chooseFault(shops);
	if (typeof scoped === 'string' || isFault(scoped)) return scoped;
	const now = Date.now();
	const zone = readZone(searchParams, cookies.get(ZONE_COOKIE));
	if (isFault(zone)) return zone;
	const range = readRange(searchParams, { now, zone, fallback: question.from });
	if (isFault(range)) return range;
	const filters = readFilters(question.filters, scoped.params);
	if (isFault(filters)) return filters;
	const cursor = searchParams.get('cursor');
	return { now, zone, range, filters, cursor, shops: scoped.shops, scope: scoped.scope };
}
