/**
 * Finds the elements of an array in JSON text, so that a rejected event can be kept byte for byte as it came. Only asked
 * for batches with a rejected event, and only of text that JSON.parse has accepted. One character may be one byte of
 * UTF-8: what JSON itself is written with is ASCII.
 */

/** The text of each element of the array that `text` is, or that its top-level `events` member is; null when there is none. */
export function elementSlices(text: string): string[] | null {
	const start = arrayStart(text);
	if (start === -1) return null;
	const slices: string[] = [];
	let from = start + 1;
	let depth = 0;
	for (let at = from; at < text.length; at++) {
		const char = text[at];
		if (char === '"') at = stringEnd(text, at);
		else if (char === '{' || char === '[') depth++;
		else if (depth > 0 && (char === '}' || char === ']')) depth--;
		else if (depth === 0 && (char === ',' || char === ']')) {
			const slice = text.slice(from, at).trim();
			if (slice !== '') slices.push(slice);
			if (char === ']') return slices;
			from = at + 1;
		}
	}
	return null;
}

/** Where the array of events begins, -1 where there is none. The last `events` member counts, as for JSON.parse. */
function arrayStart(text: string): number {
	const first = text.search(/\S/);
	if (text[first] === '[') return first;
	let found = -1;
	let depth = 0;
	for (let at = first; at < text.length; at++) {
		const char = text[at];
		if (char === '"') {
			const end = stringEnd(text, at);
			const colon = afterSpace(text, end + 1);
			if (depth === 1 && text[colon] === ':' && JSON.parse(text.slice(at, end + 1)) === 'events') {
				const value = afterSpace(text, colon + 1);
				found = text[value] === '[' ? value : -1;
			}
			at = end;
		} else if (char === '{' || char === '[') depth++;
		else if (char === '}' || char === ']') depth--;
	}
	return found;
}

/** The next place that is no white space, however much of it there is. */
function afterSpace(text: string, from: number): number {
	let at = from;
	while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
	return at;
}

function stringEnd(text: string, quote: number): number {
	for (let at = quote + 1; at < text.length; at++) {
		if (text[at] === '\\') at++;
		else if (text[at] === '"') return at;
	}
	return text.length;
}
