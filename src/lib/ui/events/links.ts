/** Links from the numbers of the page about events to the events that they count. */
import { withParams, type ParamValue } from '$lib/query';

/** What the numbers by type and by shop do not heed: they come from tallies, which know no more than both. */
const UNHEEDED = { session: null, q: null, field: null, value: null, signed: null };

/** The part of the log that is counted, whatever the page's filters are beside type and shop. */
export function countedHref(url: Pick<URL, 'pathname' | 'search'>, more: Readonly<Record<string, ParamValue>>): string {
	return `${withParams(url, { ...UNHEEDED, ...more })}#log`;
}
