/** Links from what is counted to exactly the sessions that it counts. */
import { withParams, type ParamValue } from '$lib/query';

/** How an address names what has no word. */
export const NONE = '(none)';

/** What a link keeps of the page that it stands on. */
const KEPT = ['tz', 'theme'];

/** The word of a filter; what has no word has one in addresses. */
export function asParam(word: string): string {
	return word === '' ? NONE : word;
}

/** The list of sessions that started in the range of the page, with these filters. */
export function sessionsHref(
	url: URL,
	range: { fromText: string; toText: string },
	filters: Readonly<Record<string, ParamValue>>
): string {
	const kept = Object.fromEntries(KEPT.map((name) => [name, url.searchParams.get(name)]));
	return withParams(
		{ pathname: '/sessions', search: '' },
		{ from: range.fromText, to: range.toText, ...kept, ...filters }
	);
}
