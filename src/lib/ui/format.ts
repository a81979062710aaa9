/**
 * How numbers, money, times and durations are written, everywhere the same. All by Intl, in the language of the page
 * (English) rather than the browser's: the server and the browser must write the same text, or the page would change
 * under the reader. The time zone is an argument for the same reason: UTC on the server, then the viewer's.
 */
import type { Decimal, Millis } from '../live/messages';

const LOCALE = 'en';
/** Day before month, and zones by their names (CET rather than GMT+1). */
const DATE_LOCALE = 'en-GB';
/** What stands where there is no data, which is something else than 0. */
export const NO_DATA = '–';

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumFractionDigits: 1 });
/** With so many an amount is written at most. */
const MOST_DECIMALS = 10;
/** Cents are written always. */
const LEAST_DECIMALS = 2;
const percent = new Intl.NumberFormat(LOCALE, { style: 'percent', maximumFractionDigits: 1 });
const bytes = new Intl.NumberFormat(LOCALE, { style: 'unit', unit: 'kilobyte', maximumFractionDigits: 0 });

/** 12,345 */
export function count(value: number): string {
	return whole.format(value);
}

/** 1 session, 2 sessions. @param many its plural */
export function counted(value: number, many: string): string {
	return `${count(value)} ${value === 1 ? many.replace(/s$/, '') : many}`;
}

/** 1,234, from ten thousand on 12.3K: short enough for a key figure. */
export function countShort(value: number): string {
	return value < 10_000 ? whole.format(value) : compact.format(value);
}

/** 0.877 → 87.7%. What is not quite all is never written as 100%, nor what is not quite nothing as 0%. */
export function share(value: number): string {
	if (value > 0.999 && value < 1) return percent.format(0.999);
	if (value < 0.001 && value > 0) return percent.format(0.001);
	return percent.format(value);
}

/** Dollars, short enough for a key figure: $0.042, $41.20, $1,234, $12.3K. */
export function moneyShort(value: Decimal): string {
	const amount = Number(value);
	if (!Number.isFinite(amount)) return NO_DATA;
	if (amount >= 10_000) return dollars({ notation: 'compact', maximumFractionDigits: 1 }).format(amount);
	if (amount >= 1_000) return dollars({ maximumFractionDigits: 0 }).format(amount);
	if (amount > 0 && amount < 0.1) return dollars({ maximumFractionDigits: 3 }).format(amount);
	return dollars({}).format(amount);
}

/** Dollars and cents, small amounts to three digits: $1,234.57, $0.0564. Where an amount is to be grasped, not checked. */
export function money(value: Decimal): string {
	const amount = Number(value);
	if (value.trim() === '' || !Number.isFinite(amount)) return NO_DATA;
	if (amount !== 0 && Math.abs(amount) < 0.1) return dollars({ maximumSignificantDigits: 3 }).format(amount);
	return dollars({}).format(amount);
}

/** Dollars to the last decimal that was given: "1.2300" → $1.23, "0.0042" → $0.0042. */
export function moneyExact(value: Decimal): string {
	return exactly(dollars({ maximumFractionDigits: MOST_DECIMALS }), value);
}

function exactly(format: Intl.NumberFormat, value: Decimal): string {
	if (value.trim() === '' || !Number.isFinite(Number(value))) return NO_DATA;
	// As text, so that no float comes between; the type wants to see a numeric literal.
	// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- a number was seen in it two lines above
	return format.format(value as `${number}`);
}

/** As wide as a digit. */
const FIGURE_SPACE = '\u2007';

/**
 * Writes the amounts of one column alike, so that they can be compared down the page: all with as many decimals as the
 * one that has most, so that each is exact. Nothing is $0.00 as everywhere, with its point below those of the others.
 */
export function moneyColumn(values: readonly (Decimal | null)[]): (value: Decimal) => string {
	const decimals = Math.max(
		LEAST_DECIMALS,
		...values.map((value) => /\.(\d*[1-9])/.exec(value ?? '')?.[1]?.length ?? 0)
	);
	const digits = Math.min(MOST_DECIMALS, decimals);
	const format = dollars({ minimumFractionDigits: digits, maximumFractionDigits: digits });
	const nothing = `${moneyExact('0')}${FIGURE_SPACE.repeat(digits - LEAST_DECIMALS)}`;
	return (value) => (value.trim() !== '' && Number(value) === 0 ? nothing : exactly(format, value));
}

/** The space that keeps such an amount in its place: a link ends before it, or its line would not. */
export function spaceAfter(amount: string): string {
	return amount.slice(amount.trimEnd().length);
}

const amounts = new Map<string, Intl.NumberFormat>();

function dollars(options: Intl.NumberFormatOptions): Intl.NumberFormat {
	const key = JSON.stringify(options);
	const known = amounts.get(key);
	if (known) return known;
	const made = new Intl.NumberFormat(LOCALE, { style: 'currency', currency: 'USD', ...options });
	amounts.set(key, made);
	return made;
}

/** 12 kB. */
export function kilobytes(byteCount: number): string {
	return bytes.format(byteCount / 1000);
}

/** A running time as a stopwatch shows it: 0:42, 12:05, 1:02:05, 3 d 4 h. */
export function stopwatch(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / 1000));
	const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
	if (h >= 24) return `${Math.floor(h / 24)} d ${h % 24} h`;
	const two = (part: number) => String(part).padStart(2, '0');
	return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** How long something took: 340 ms, 8.1 s, 42 s, 2 min 14 s, 1 h 5 min, 3 d 4 h. */
export function duration(ms: number): string {
	if (!Number.isFinite(ms)) return NO_DATA;
	if (ms < 0) return `−${duration(-ms)}`;
	if (ms < 1_000) return `${Math.round(ms)} ms`;
	if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
	const seconds = Math.round(ms / 1000);
	if (seconds < 60) return `${seconds} s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) return seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
	const hours = Math.floor(minutes / 60);
	if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
	return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${Math.floor(hours / 24)} d`;
}

/** The length of a window: 24 h, 7 d, 30 min. */
export function windowLength(ms: number): string {
	const hours = ms / 3_600_000;
	if (hours < 1) return `${Math.round(ms / 60_000)} min`;
	return hours > 48 && hours % 24 === 0 ? `${hours / 24} d` : `${Math.round(hours)} h`;
}

/** now, 42 s ago, 3 min ago, 2 h ago, 5 d ago. A time that lies ahead by a clock's error is now. */
export function ago(at: Millis, now: Millis): string {
	const seconds = Math.floor((now - at) / 1000);
	if (seconds < 2) return 'now';
	if (seconds < 60) return `${seconds} s ago`;
	if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
	if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`;
	return `${Math.floor(seconds / 86_400)} d ago`;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** The remembered format of that name: making one costs a hundred times what using it does. */
export function dateFormat(name: string, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
	const key = `${name} ${zone}`;
	const known = formatters.get(key);
	if (known) return known;
	const made = new Intl.DateTimeFormat(DATE_LOCALE, { hourCycle: 'h23', timeZone: zone, ...options });
	formatters.set(key, made);
	return made;
}

/** 14:02 */
export function timeOfDay(at: Millis, zone: string): string {
	if (!isTime(at)) return NO_DATA;
	return dateFormat('time', zone, { hour: '2-digit', minute: '2-digit' }).format(at);
}

/** 14:02:30 */
export function timeWithSeconds(at: Millis, zone: string): string {
	if (!isTime(at)) return NO_DATA;
	return dateFormat('seconds', zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at);
}

/** Sunday, 22 November 2026 at 14:02:30 UTC, for titles. */
export function absolute(at: Millis, zone: string): string {
	if (!isTime(at)) return NO_DATA;
	return dateFormat('absolute', zone, {
		weekday: 'short',
		day: 'numeric',
		month: 'long',
		year: 'numeric',
		hour: '2-digit',
		minute: '2-digit',
		second: '2-digit',
		timeZoneName: 'short'
	}).format(at);
}

/** 22 Nov 2026 */
export function day(at: Millis, zone: string): string {
	if (!isTime(at)) return NO_DATA;
	return dateFormat('day', zone, { day: 'numeric', month: 'short', year: 'numeric' }).format(at);
}

/** The zone's short name at a moment: UTC, CET, GMT+1. */
export function zoneName(at: Millis, zone: string): string {
	const parts = dateFormat('zone', zone, { hour: '2-digit', timeZoneName: 'short' }).formatToParts(at);
	return parts.find((part) => part.type === 'timeZoneName')?.value ?? zone;
}

/** For <time datetime>. */
export function machineTime(at: Millis): string | undefined {
	return isTime(at) ? new Date(at).toISOString() : undefined;
}

/** Beyond this a Date does not exist, and Intl throws; a client's clock can say anything. */
function isTime(at: Millis): boolean {
	return Number.isFinite(at) && Math.abs(at) <= 8.64e15;
}
