/**
 * The filters of a page as they stand in its address. A page declares them once; its rows, its CSV and the API read
 * them by the same declaration. What cannot be a value is a fault, so that no list pretends to be filtered.
 */
import { fault, isFault, type QueryFault } from './fault';
import { readSpan, type Span } from './range';

/**
 * text: up to 255 characters. words: up to 20, by commas or by repetition. flag: 1, 0, true or false.
 * decimal: an exact number, kept as its text. whole: a number without a fraction. span: two instants with a slash between.
 */
export type FilterKind = 'text' | 'words' | 'flag' | 'decimal' | 'whole' | 'span';

/** The filters that a page has, by the names of their parameters. */
export type FilterSpec = Readonly<Record<string, FilterKind>>;

interface ValueOf {
	text: string | null;
	words: string[];
	flag: boolean | null;
	decimal: string | null;
	whole: number | null;
	span: Span | null;
}

/** What was asked for: null, or no words, where a parameter is absent or empty. */
export type FilterValues<S extends FilterSpec> = { [Name in keyof S]: ValueOf[S[Name]] };

/** Of a text or a word, in characters. */
export const LONGEST_TEXT = 255;
/** That an address names for one filter. */
export const MOST_WORDS = 20;

/** The filters that an address asks for. Parameters that are not declared are left alone. */
export function readFilters<S extends FilterSpec>(spec: S, params: URLSearchParams): FilterValues<S> | QueryFault {
	const values: Record<string, ValueOf[FilterKind]> = {};
	for (const [name, kind] of Object.entries(spec)) {
		const value = readFilter(name, kind, params);
		if (isFault(value)) return value;
		values[name] = value;
	}
	// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- each name got a value of its kind above
	return values as FilterValues<S>;
}

function readFilter(name: string, kind: FilterKind, params: URLSearchParams): ValueOf[FilterKind] | QueryFault {
	if (kind === 'words') return words(name, params.getAll(name));
	const asked = params.get(name) ?? '';
	const text = asked.trim();
	if (text === '') return null;
	const wrong = refused(name, asked);
	if (wrong) return wrong;
	switch (kind) {
		// A client's own word may begin or end with a space, and is asked for as it is.
		case 'text':
			return asked;
		case 'flag':
			if (text === '1' || text === 'true') return true;
			return text === '0' || text === 'false' ? false : fault(name, `“${name}” must be 1 or 0.`);
		case 'decimal':
			return /^-?\d{1,12}(\.\d{1,10})?$/.test(text) ? text : fault(name, `“${name}” must be a number such as 0.25.`);
		case 'whole':
			return /^-?\d{1,15}$/.test(text) ? Number(text) : fault(name, `“${name}” must be a whole number.`);
		case 'span':
			return readSpan(text) ?? fault(name, `“${name}” must be such as 2026-11-22T14:00:00Z/2026-11-22T15:00:00Z.`);
	}
}

function words(name: string, texts: readonly string[]): string[] | QueryFault {
	const all = texts.flatMap((text) => text.split(',')).map((word) => word.trim());
	const distinct = [...new Set(all.filter((word) => word !== ''))];
	if (distinct.length > MOST_WORDS) return fault(name, `“${name}” can have up to ${MOST_WORDS} values.`);
	return distinct.map((word) => refused(name, word)).find(isFault) ?? distinct;
}

function refused(name: string, text: string): QueryFault | null {
	// The database has no NUL in texts, and would refuse the whole question.
	if (text.includes('\0')) return fault(name, `“${name}” must not contain a NUL character.`);
	return text.length > LONGEST_TEXT ? fault(name, `“${name}” can have up to ${LONGEST_TEXT} characters.`) : null;
}
