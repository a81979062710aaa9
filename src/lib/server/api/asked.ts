/**
 * What an operation of the API was asked for, read from the address as pages read it (src/lib/ui/page/frame.ts). What
 * cannot be read is refused with its reason, never guessed.
 */
import type { Cookies } from '@sveltejs/kit';
import type { Millis } from '../../live/messages';
import { isFault, readFilters, readRange, readZone, ZONE_COOKIE, type FilterSpec, type FilterValues, type QueryFault, type Range } from '../../query'; // prettier-ignore

/** What an address can ask for. */
export interface Question<S extends FilterSpec> {
	filters: S;
	/** Where the range begins if the address does not say; its end is then now. */
	from: string;
}

export interface Asked<S extends FilterSpec> {
	now: Millis;
	zone: string;
	range: Range;
	filters: FilterValues<S>;
	/** Where the list goes on, unread; null at its beginning. */
	cursor: string | null;
}

/** What the address asks for, or what is wrong with it. */
export function readAsked<S extends FilterSpec>(
	{ searchParams }: URL,
	cookies: Cookies,
	question: Question<S>
): Asked<S> | QueryFault {
	const now = Date.now();
	const zone = readZone(searchParams, cookies.get(ZONE_COOKIE));
	if (isFault(zone)) return zone;
	const range = readRange(searchParams, { now, zone, fallback: question.from });
	if (isFault(range)) return range;
	const filters = readFilters(question.filters, searchParams);
	if (isFault(filters)) return filters;
	return { now, zone, range, filters, cursor: searchParams.get('cursor') };
}
