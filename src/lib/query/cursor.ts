/**
 * Where a page of a list goes on: the sort key of a row, with the list and the order it belongs to, as text without
 * meaning for others. A damaged cursor, or one of another list, is a fault and never an exception.
 */
import { fault, type QueryFault } from './fault';
import { CURSOR } from './params';

/** next: the rows after this key in the order of the list. previous: those before it. */
export type Direction = 'next' | 'previous';
export type KeyPart = string | number | null;

interface PartOf {
	text: string;
	number: number;
	'text?': string | null;
	'number?': number | null;
}

/** What a list's cursors hold: its name, how it is sorted, and the kinds of its key's parts. */
export interface CursorShape<K extends readonly (keyof PartOf)[] = readonly (keyof PartOf)[]> {
	list: string;
	sort: string;
	key: K;
}

/** The key that a shape describes. */
export type KeyOf<K extends readonly (keyof PartOf)[]> = { -readonly [I in keyof K]: PartOf[K[I]] };

export interface Cursor<K extends readonly (keyof PartOf)[]> {
	direction: Direction;
	key: KeyOf<K>;
}

const LONGEST = 2_000;

/** The text of a cursor. */
export function writeCursor<const K extends readonly (keyof PartOf)[]>(
	shape: CursorShape<K>,
	direction: Direction,
	key: KeyOf<K> & readonly KeyPart[]
): string {
	const json = JSON.stringify([shape.list, shape.sort, direction, ...key]);
	const bytes = Array.from(new TextEncoder().encode(json), (byte) => String.fromCharCode(byte));
	return btoa(bytes.join('')).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The cursor of a text as it stands in an address; null where there is none. */
export function readCursor<const K extends readonly (keyof PartOf)[]>(
	text: string | null,
	shape: CursorShape<K>
): Cursor<K> | QueryFault | null {
	if (!text) return null;
	const parts = decoded(text);
	const wrong = fault(CURSOR, 'This place in the list does not exist. Begin again with its first page.');
	if (parts?.length !== shape.key.length + 3) return wrong;
	const [list, sort, direction, ...key] = parts;
	if (list !== shape.list || sort !== shape.sort) return wrong;
	if (direction !== 'next' && direction !== 'previous') return wrong;
	if (!shape.key.every((kind, index) => isOfKind(key[index], kind))) return wrong;
	// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- each part has been checked by its kind
	return { direction, key: key as KeyOf<K> };
}

function isOfKind(part: unknown, kind: keyof PartOf): boolean {
	if (part === null) return kind.endsWith('?');
	// The database has no NUL in texts.
	if (kind.startsWith('text')) return typeof part === 'string' && !part.includes('\0');
	return typeof part === 'number' && Number.isFinite(part);
}

function decoded(text: string): unknown[] | null {
	if (text.length > LONGEST || !/^[\w-]+$/.test(text)) return null;
	try {
		const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
		const json = new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0)));
		const value: unknown = JSON.parse(json);
		return Array.isArray(value) ? value : null;
	} catch {
		// Not ours, or damaged on its way.
		return null;
	}
}
