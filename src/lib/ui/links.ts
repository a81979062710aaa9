/** Links from what is counted to exactly the rows that it counts, in the range in which they were counted. */
import { withParams, type ParamValue } from '$lib/query';

type Filters = Readonly<Record<string, ParamValue>>;
/** Of time, as an address names it. */
export interface Span {
	fromText: string;
	toText: string;
}

/** What a link keeps of the page that it stands on. */
const KEPT = ['tz', 'theme'];

/** The list of sessions that started in the range of the page, with these filters. */
export function sessionsHref(url: URL, range: Span, filters: Filters): string {
	return listHref('/sessions', url, range, filters);
}

/** The list of AI requests of the range, with these filters. */
export function requestsHref(url: URL, range: Span, filters: Filters): string {
	return listHref('/costs/requests', url, range, filters);
}

/** The log of events of the range, with these filters. */
export function eventsHref(url: URL, range: Span, filters: Filters): string {
	return listHref('/analytics', url, range, filters);
}

function listHref(pathname: string, url: URL, range: Span, filters: Filters): string {
	const kept = Object.fromEntries(KEPT.map((name) => [name, url.searchParams.get(name)]));
	return withParams({ pathname, search: '' }, { from: range.fromText, to: range.toText, ...kept, ...filters });
}
