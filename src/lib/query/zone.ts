/**
 * Time zones, by Intl alone: which exist, how far they are from UTC at a moment, and which moment a local time is. Right
 * across changes of the clocks: a local time that happens twice is the first of them, one that is skipped is the moment
 * at which the clocks go on. All offsets since 1972 are multiples of 15 minutes, which buckets rely on.
 */
import type { Millis } from '../live/messages';
import { fault, type QueryFault } from './fault';

export const UTC = 'UTC';
/** The cookie in which the viewer's browser tells its zone. */
export const ZONE_COOKIE = 'tz';
export const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat | null>();

/** Remembered, because making one costs a hundred times what using it does; null for what is no zone. */
function format(zone: string): Intl.DateTimeFormat | null {
	const known = formats.get(zone);
	if (known !== undefined) return known;
	const made = makeFormat(zone);
	// Names come from addresses: a stranger's inventions are not kept.
	if (made) formats.set(zone, made);
	return made;
}

function makeFormat(zone: string): Intl.DateTimeFormat | null {
	// Intl takes offsets such as +05:07 for zones too, which are neither names nor multiples of 15 minutes.
	if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(zone)) return null;
	try {
		return new Intl.DateTimeFormat('en-US', {
			timeZone: zone,
			hourCycle: 'h23',
			year: 'numeric',
			month: 'numeric',
			day: 'numeric',
			hour: 'numeric',
			minute: 'numeric',
			second: 'numeric'
		});
	} catch {
		return null;
	}
}

/** Is it the name of a time zone (IANA, or UTC)? */
export function isZone(text: string): boolean {
	return format(text) !== null;
}

/**
 * The zone in which a page counts days and writes times: `?tz=`, else the viewer's own from the cookie, else UTC.
 * A bad cookie is as none; a bad parameter is a fault.
 */
export function readZone(params: URLSearchParams, cookie: string | undefined): string | QueryFault {
	const asked = params.get('tz');
	if (asked) {
		return isZone(asked) ? asked : fault('tz', 'The time zone must have a name such as Europe/Berlin, or be UTC.');
	}
	return cookie && isZone(cookie) ? cookie : UTC;
}

/**
 * The local date and time at a moment, as the moment at which UTC reads the same.
 * @throws RangeError when the zone does not exist.
 */
export function localTime(at: Millis, zone: string): Millis {
	if (zone === UTC) return at;
	const parts = format(zone)?.formatToParts(at);
	if (!parts) throw new RangeError(`There is no time zone ${zone}.`);
	const read: Record<string, number> = {};
	for (const { type, value } of parts) read[type] = Number(value);
	const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = read;
	return Date.UTC(year, month - 1, day, hour, minute, second) + (((at % 1000) + 1000) % 1000);
}

/** How far the zone's clocks are ahead of UTC at a moment. */
export function zoneOffset(at: Millis, zone: string): number {
	return localTime(at, zone) - at;
}

/** The moment at which clocks in the zone read what clocks in UTC read at `local`. */
export function momentOf(local: Millis, zone: string): Millis {
	const offsets = [zoneOffset(local - DAY_MS, zone), zoneOffset(local + DAY_MS, zone)];
	const moments = offsets.map((offset) => local - offset).sort((a, b) => a - b);
	const [early = local, late = local] = moments;
	for (const moment of [early, late]) if (localTime(moment, zone) === local) return moment;
	// Skipped: the clocks go on somewhere between the two.
	const quarter = Math.ceil(early / QUARTER_MS) * QUARTER_MS;
	for (let moment = quarter; moment < late; moment += QUARTER_MS) {
		if (localTime(moment, zone) >= local) return moment;
	}
	return late;
}

/** The first moment of the day, in the zone, that is `days` after the day of `at`. */
export function startOfDay(at: Millis, zone: string, days = 0): Millis {
	const local = localTime(at, zone);
	return momentOf((Math.floor(local / DAY_MS) + days) * DAY_MS, zone);
}
