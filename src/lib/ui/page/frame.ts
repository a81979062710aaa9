/**
 * What the load function of every page does first: reads zone, range and filters from the address, and notes at which
 * change of the data the page is rendered. An address that cannot be read is answered with 400 and its reason. A visitor
 * who sees some shops alone gets the filters of one of these, whatever the address says (see src/lib/query/scope.ts).
 */
import { error, redirect, type Cookies } from '@sveltejs/kit';
import type { ChangesState, Millis, Snapshot } from '$lib/live/messages';
import {
	isFault,
	readFilters,
	readRange,
	readZone,
	scopeOf,
	withParams,
	ZONE_COOKIE,
	type FilterSpec,
	type FilterValues,
	type Keeping,
	type QueryFault,
	type Range,
	type Scope
} from '$lib/query';

/** What Page.svelte needs of the server. */
export interface Frame {
	/** The topic of changes as it was before the page's data were read. */
	first: Snapshot<ChangesState>;
	zone: string;
	range: Range;
	/** The shops that the visitor sees; null: all. */
	shops: readonly string[] | null;
}

export interface PageQuery<S extends FilterSpec> extends Scope {
	/** Return it as `frame` from load. */
	frame: Frame;
	now: Millis;
	zone: string;
	range: Range;
	filters: FilterValues<S>;
}

/** The parts of a load event that are needed. */
interface LoadEvent {
	url: URL;
	cookies: Pick<Cookies, 'get'>;
	locals: {
		visitor: { shops: readonly string[] | null; masked: boolean };
		/** Set here: from then on the answer keeps to the visitor's shops. */
		scoped: boolean;
		pipeline: { snapshot(topic: 'changes', of: LoadEvent['locals']['visitor']): Promise<Snapshot<ChangesState>> };
	};
	setHeaders: (headers: Record<string, string>) => void;
}

interface PageQuestion<S extends FilterSpec> {
	/** Where the range begins if the address does not say. */
	fallback: string;
	filters: S;
	/** How a page without a filter by shop keeps to the visitor's shops; without a word it is not for who sees some alone. */
	keeps?: Keeping;
}

/** What a page says of a shop that nobody knows. */
export const UNKNOWN_SHOP = 'No event has named this shop yet.';

/** What a page is asked for. Await it before any data is read, so that no change can fall between. */
export async function pageQuery<const S extends FilterSpec>(
	event: LoadEvent,
	{ fallback, filters, keeps }: PageQuestion<S>
): Promise<PageQuery<S>> {
	const { url, cookies, locals, setHeaders } = event;
	setHeaders({ 'cache-control': 'no-store' });
	locals.scoped = true;
	const { scope, shops, params } = ofOwnShops(locals.visitor.shops, { filters, keeps }, url);
	const first = await locals.pipeline.snapshot('changes', locals.visitor);
	const now = first.at;
	const zone = given(readZone(url.searchParams, cookies.get(ZONE_COOKIE)));
	const range = given(readRange(url.searchParams, { now, zone, fallback }));
	return {
		frame: { first, zone, range, shops },
		shops,
		scope,
		now,
		zone,
		range,
		filters: given(readFilters(filters, params))
	};
}

function ofOwnShops(
	shops: readonly string[] | null,
	{ filters, keeps }: { filters: FilterSpec; keeps: Keeping | undefined },
	url: URL
) {
	const scoped = given(scopeOf(shops, filters, keeps, url.searchParams));
	if (scoped === 'unknown') error(404, UNKNOWN_SHOP);
	if (scoped === 'choose' && shops?.[0] !== undefined) redirect(307, withParams(url, { shop: shops[0] }));
	if (typeof scoped === 'string') error(403, 'This page is not for those who see some shops alone.');
	return scoped;
}

/**
 * What was read from an address.
 * @throws the 400 that SvelteKit answers with, when it was a fault.
 */
export function given<T>(value: T | QueryFault): T {
	if (isFault(value)) error(400, { message: value.message, field: value.field });
	return value;
}
