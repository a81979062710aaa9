/**
 * Times as clients write them, and how far a client's clock is off.
 *
 * A shopper's phone can be minutes or years wrong, and "latest" means by client time. A batch whose clock runs ahead of
 * the server's is shifted back as a whole, so that the order within it survives; where the batch says when it was sent,
 * the offset is known and used in both directions.
 */

/** An offset smaller than this is the network's, not the clock's: a slow upload looks like a clock that is behind. */
const NETWORK_TOLERANCE_MS = 5_000;
/** Events that are further ahead than this, and further than this from others, are shifted by themselves, so that one
 * mad timestamp does not move its neighbours. */
const FAR_AHEAD_MS = 24 * 60 * 60 * 1000;

const ISO = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s?(?:Z|[+-]\d\d:?\d\d)?)?$/i;
const LATEST = Date.UTC(10_000, 0, 1) - 1;

/** A client's time in milliseconds since 1970: ISO 8601 (UTC where it names no zone) or a number of milliseconds or
 * seconds; null when it is unreadable or outside 1970 to 9999. */
export function readTime(value: string | number | null | undefined): number | null {
	if (value === null || value === undefined) return null;
	const millis = typeof value === 'number' ? fromNumber(value) : fromText(value.trim());
	return millis >= 0 && millis <= LATEST ? Math.trunc(millis) : null;
}

function fromNumber(value: number): number {
	return Math.abs(value) < 1e11 ? value * 1000 : value;
}

function fromText(text: string): number {
	if (/^\d{9,14}$/.test(text)) return fromNumber(Number(text));
	if (!ISO.test(text)) return NaN;
	const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text.slice(10));
	return Date.parse(text.length > 10 && !hasZone ? `${text.replace(' ', 'T')}Z` : text.replace(' ', 'T'));
}

/**
 * How many milliseconds to add to each of a batch's times, which are all given (null where unreadable).
 * After it no event is later than `now`.
 */
export function clockShifts(times: readonly (number | null)[], sentAt: number | null, now: number): number[] {
	const offset = sentAt === null ? 0 : now - sentAt;
	const known = offset < 0 || offset > NETWORK_TOLERANCE_MS ? offset : 0;
	const readable = times.filter((time) => time !== null);
	const latest = readable.reduce((one, other) => Math.max(one, other), -Infinity);
	const earliest = readable.reduce((one, other) => Math.min(one, other), Infinity);
	// Times that are close together are of one clock, however far ahead that is.
	const far = latest - earliest > FAR_AHEAD_MS ? FAR_AHEAD_MS : Infinity;
	let ahead = 0;
	let farAhead = 0;
	for (const time of readable) {
		const excess = time + known - now;
		if (excess > far) farAhead = Math.max(farAhead, excess);
		else ahead = Math.max(ahead, excess);
	}
	return times.map((time) => {
		if (time === null) return 0;
		return time + known - now > far ? known - farAhead : known - ahead;
	});
}
