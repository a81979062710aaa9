/** How an address asks for what has no word: for the database it is '', which cannot stand in an address. */

export const NONE = '(none)';

/** A word as an address names it. */
export function asParam(word: string): string {
	return word === '' ? NONE : word;
}

/** The word that an address names. */
export function wordOf(value: string): string {
	return value === NONE ? '' : value;
}
