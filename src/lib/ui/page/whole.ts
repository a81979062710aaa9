/** The way from a list that shows its first rows alone to the whole of it. */
import { asksWhole, WHOLE, withParams } from '$lib/query';

/**
 * The same page with its lists whole, at one of them; null where they are.
 * @param list the id of its heading
 */
export function wholeHref(url: URL, list: string): string | null {
	return asksWhole(url.searchParams) ? null : `${withParams(url, { [WHOLE]: true })}#${list}`;
}
