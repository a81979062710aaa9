/**
 * A range of time in an address: `?from=&to=`, each relative (`now`, `now-24h`) or absolute (an ISO instant, or a date
 * with or without a time in the zone). The range holds `from` and not `to`. A bare date means the whole day: as `to` it
 * is still included.
 */
import type { Millis } from '../live/messages';
import { fault, isFault, type QueryFault } from './fault';
import { momentOf, startOfDay } from './zone';

export interface Range {
	from: Millis;
	/** Not in the range any more. */
	to: Millis;
	/** As it stands, or would stand, in the address. */
	fromText: string;
	toText: string;
}

export interface RangeContext {
	now: Millis;
	zone: string;
	/** `from` where the address has none; `to` is then `now`. */
	fallback: string;
}

/** The ranges that are offered as links. */
export const PRESETS = [
	{ from: 'now-1h', name: '1 h', title: 'The last hour' },
	{ from: 'now-24h', name: '24 h', title: 'The last 24 hours' },
	{ from: 'now-7d', name: '7 d', title: 'The last 7 days' },
	{ from: 'now-30d', name: '30 d', title: 'The last 30 days' },
	{ from: 'now-90d', name: '90 d', title: 'The last 90 days' }
] as const;

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const LONGEST_MS = 5 * 366 * 86_400_000;
const FIRST = Date.UTC(2000, 0, 1);
const LAST = Date.UTC(2100, 0, 1);

const RELATIVE = /^now(?:-(\d{1,6})([mhdw]))?$/;
const ABSOLUTE = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** The range that an address asks for. */
export function readRange(params: URLSearchParams, { now, zone, fallback }: RangeContext): Range | QueryFault {
	const fromText = params.get('from') || fallback;
	const toText = params.get('to') || 'now';
	const from = readMoment('from', fromText, now, zone);
	if (isFault(from)) return from;
	const to = readMoment('to', toText, now, zone);
	if (isFault(to)) return to;
	if (from >= to) return fault('from', 'The range must begin before it ends.');
	if (to - from > LONGEST_MS) return fault('from', 'The range must not be longer than 5 years.');
	return { from, to, fromText, toText };
}

/** A stretch of time between two instants; `to` is not in it any more. */
export interface Span {
	from: Millis;
	to: Millis;
}

/** The span that a filter of an address asks for: both instants, with a slash between them. Null for any other text. */
export function readSpan(text: string): Span | null {
	const [from = null, to = null, more] = text
		.split('/')
		.map((one) => (/Z$|[+-]\d\d:\d\d$/.test(one) ? absolute('from', one, 'UTC') : null));
	if (from === null || to === null || more !== undefined || from < FIRST || to > LAST) return null;
	return from < to ? { from, to } : null;
}

/** Does the end of the range move on with time? */
export function isMoving(range: Pick<Range, 'fromText' | 'toText'>): boolean {
	return range.fromText.startsWith('now') || range.toText.startsWith('now');
}

function readMoment(field: 'from' | 'to', text: string, now: Millis, zone: string): Millis | QueryFault {
	const moment = relative(text, now) ?? absolute(field, text, zone);
	if (moment === null) {
		return fault(field, `“${field}” must be such as now-24h, 2026-11-22, 2026-11-22T14:00 or 2026-11-22T14:00:00Z.`);
	}
	return moment < FIRST || moment > LAST ? fault(field, `“${field}” must lie between 2000 and 2100.`) : moment;
}

function relative(text: string, now: Millis): Millis | null {
	const match = RELATIVE.exec(text);
	if (!match) return null;
	const [, number = '0', unit = 'm'] = match;
	return now - Number(number) * (UNITS[unit] ?? 0);
}

function absolute(field: 'from' | 'to', text: string, zone: string): Millis | null {
	const match = ABSOLUTE.exec(text);
	if (!match) return null;
	const [, year, month, day, hour, minute = '00', second = '00', fraction = '', offset] = match;
	const local = `${year}-${month}-${day}T${hour ?? '00'}:${minute}:${second}.${fraction.padEnd(3, '0').slice(0, 3)}`;
	const reading = Date.parse(`${local}Z`);
	// Date takes the 30th of February for the 2nd of March; what it writes is another text then.
	if (Number.isNaN(reading) || new Date(reading).toISOString() !== `${local}Z`) return null;
	if (offset) return parsed(`${local}${offset}`);
	const moment = momentOf(reading, zone);
	return hour === undefined && field === 'to' ? startOfDay(moment, zone, 1) : moment;
}

function parsed(text: string): Millis | null {
	const moment = Date.parse(text);
	return Number.isNaN(moment) ? null : moment;
}
