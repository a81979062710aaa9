/** Lists that show their first rows, and all of them where the address asks for it. */

/** The parameter. */
export const WHOLE = 'all';

/** So many rows a list has at most, also where it is asked for whole. */
export const MOST_ROWS_OF_WHOLE = 1_000;

/** Does an address ask for whole lists? */
export function asksWhole(params: URLSearchParams): boolean {
	return params.get(WHOLE) === '1';
}
