/** Links from the numbers of the page about costs to exactly the AI requests that they count. */
import { without, type ParamValue } from '$lib/query';
import { requestsHref, type Span } from '../links';

const FILTERS = ['shop', 'provider', 'model', 'operation', 'step', 'status'];
const FAILED = ['failed', 'timeout'];

/** The requests that the page counts, of which this is true as well. */
export function countedHref(url: URL, range: Span, more: Readonly<Record<string, ParamValue>> = {}): string {
	const own = Object.fromEntries(FILTERS.map((name) => [name, url.searchParams.get(name)]));
	return requestsHref(url, range, { ...own, ...more });
}

/** The same of those that failed or timed out; null where the page's filter by status leaves none of them. */
export function failedHref(url: URL, range: Span, more: Readonly<Record<string, ParamValue>> = {}): string | null {
	const status = url.searchParams.get('status');
	if (status !== null && status !== '' && !FAILED.includes(status)) return null;
	return countedHref(url, range, { status: status || FAILED, ...more });
}

/** The same of those that did neither; null where the page's filter by status leaves none of them. */
export function notFailedHref(url: URL, range: Span, more: Readonly<Record<string, ParamValue>> = {}): string | null {
	const status = url.searchParams.get('status');
	if (status !== null && FAILED.includes(status)) return null;
	return countedHref(url, range, { status: status || FAILED.map(without), ...more });
}
