/**
 * What the load function of every page does first: reads zone, range and filters from the address, and notes at which
 * change of the data the page is rendered. An address that cannot be read is answered with 400 and its reason.
 */
import { error, type Cookies } from '@sveltejs/kit';
import type { ChangesState, Millis, Snapshot } from '$lib/live/messages';
import {
	isFault,
	readFilters,
	readRange,
	readZone,
	ZONE_COOKIE,
	type FilterSpec,
	type FilterValues,
	type QueryFault,
	type Range
} from '$lib/query';

/** What Page.svelte needs of the server. */
export interface Frame {
	/** The topic of changes as it was before the page's data were read. */
	first: Snapshot<ChangesState>;
	zone: string;
	range: Range;
}

export interface PageQuery<S extends FilterSpec> {
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
	locals: { pipeline: { snapshot(topic: 'changes'): Promise<Snapshot<ChangesState>> } };
	setHeaders: (headers: Record<string, string>) => void;
}

/** What a page is asked for. Await it before any data is read, so that no change can fall between. */
export async function pageQuery<const S extends FilterSpec>(
	event: LoadEvent,
	{ fallback, filters }: { fallback: string; filters: S }
): Promise<PageQuery<S>> {
	const { url, cookies, locals, setHeaders } = event;
	setHeaders({ 'cache-control': 'no-store' });
	const first = await locals.pipeline.snapshot('changes');
	const now = first.at;
	const zone = given(readZone(url.searchParams, cookies.get(ZONE_COOKIE)));
	const range = given(readRange(url.searchParams, { now, zone, fallback }));
	return {
		frame: { first, zone, range },
		now,
		zone,
		range,
		filters: given(readFilters(filters, url.searchParams))
	};
}

/**
 * What was read from an address.
 * @throws the 400 that SvelteKit answers with, when it was a fault.
 */
export function given<T>(value: T | QueryFault): T {
	if (isFault(value)) error(400, value.message);
	return value;
}
