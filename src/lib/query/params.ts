/** Addresses that differ from a given one by some parameters: how every link that filters, sorts or turns a page is made. */

/** A parameter's new value; null, false, an empty text or no words take it away. */
export type ParamValue = string | number | boolean | readonly string[] | null;

/** The place in a list. It is only right for the rows that it was made for. */
export const CURSOR = 'cursor';

/**
 * Path and query of the address with these changes. The cursor goes away with any change, unless it is itself among
 * them. Parameters that are not named stay, in their order.
 */
export function withParams(
	url: Pick<URL, 'pathname' | 'search'>,
	changes: Readonly<Record<string, ParamValue>>
): string {
	const params = new URLSearchParams(url.search);
	if (!(CURSOR in changes)) params.delete(CURSOR);
	for (const [name, value] of Object.entries(changes)) {
		const text = valueText(value);
		if (text === '') params.delete(name);
		else params.set(name, text);
	}
	// Commas and colons may stand in a query as they are, and addresses are read by people too.
	const query = params.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
	return query === '' ? url.pathname : `${url.pathname}?${query}`;
}

/** Stands for the word while an address is made. */
const WORD = 'word-of-a-row';
/** Words that an address holds as they are, in its path and in a query within its query. */
const PLAIN = /^[\w.-]+$/;

/** Addresses that differ by one word, as those of a table's rows do: all else of them is made once. */
export function addressesBy(make: (word: string) => string): (word: string) => string {
	const parts = make(WORD).split(WORD);
	return (word) => (PLAIN.test(word) ? parts.join(word) : make(word));
}

function valueText(value: ParamValue): string {
	if (value === null || value === false) return '';
	if (value === true) return '1';
	return typeof value === 'object' ? value.join(',') : String(value);
}
