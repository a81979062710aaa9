/**
 * Ids that need no secure context (crypto.randomUUID does) and that sort in the order in which they were made: of two
 * events of one millisecond the server takes the one with the greater id for the later, so ids must say which that is.
 */

let latest = 0;

/** A new id of about 40 characters, greater than all that this page made before. */
export function newId(): string {
	// Microseconds, counted up within a millisecond and when the clock is set back: ten digits until 2085.
	latest = Math.max(latest + 1, Date.now() * 1000);
	// React Native brings fetch, but no crypto.
	const random = typeof crypto === 'object' ? crypto.getRandomValues(new Uint32Array(3)).join('') : Math.random();
	return `${latest.toString(36)}${random}`;
}
