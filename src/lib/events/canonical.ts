/**
 * One text for one JSON value: keys sorted, no white space, and nothing in it that Postgres can't store. Equal content
 * gives equal text whoever serialised it, which is what a content-derived event id needs; the same text goes into the
 * log, so that an event is walked and serialised once.
 *
 * What can be mended is mended: NUL and lone surrogates become U+FFFD, numbers that JSON can't say (1e400) null.
 */

/** An event nested deeper than this is refused: no client does it, and it would only serve to exhaust a stack. */
export const MAX_DEPTH = 32;

/** Whether anything in the value is nested deeper than MAX_DEPTH. */
export function tooDeep(value: unknown, depth = 0): boolean {
	if (typeof value !== 'object' || value === null) return false;
	if (depth >= MAX_DEPTH) return true;
	for (const child of Array.isArray(value) ? value : Object.values(value)) {
		if (typeof child === 'object' && child !== null && tooDeep(child, depth + 1)) return true;
	}
	return false;
}

/** The canonical text of a value that JSON.parse gave and that is not too deep. */
export function canonicalJson(value: unknown): string {
	if (typeof value === 'string') return jsonString(value);
	if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
	if (typeof value === 'boolean') return value ? 'true' : 'false';
	if (typeof value !== 'object' || value === null) return 'null';
	if (Array.isArray(value)) return '[' + value.map(canonicalJson).join(',') + ']';
	const members: string[] = [];
	const fields = Object.entries(value);
	if (fields.length > 1) fields.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
	for (const [key, child] of fields) members.push(jsonString(key) + ':' + canonicalJson(child));
	return '{' + members.join(',') + '}';
}

/** A text as JSON, mended. */
export function jsonString(text: string): string {
	return JSON.stringify(mendText(text));
}

/** The text with NUL and lone surrogates as U+FFFD: neither fits into Postgres' text or jsonb. */
export function mendText(text: string): string {
	const whole = text.isWellFormed() ? text : text.toWellFormed();
	return whole.includes('\0') ? whole.replaceAll('\0', '\uFFFD') : whole;
}
