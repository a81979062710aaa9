/** How the system's own figures are written. */
import { duration } from '../format';

const rate = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const mega = new Intl.NumberFormat('en', { style: 'unit', unit: 'megabyte', maximumFractionDigits: 1 });
const few = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

const RATES = [
	['s', 1_000],
	['min', 60_000],
	['h', 3_600_000]
] as const;

/** 12.3/s; what comes more seldom than once a second, or a minute, by the minute or the hour: 1.5/min, 2/h. */
export function pace(number: number, ms: number): string {
	const perMs = ms > 0 ? number / ms : 0;
	if (perMs === 0) return '0/s';
	const [unit, length] = RATES.find(([, length]) => perMs * length >= 1) ?? RATES[2];
	return `${rate.format(perMs * length)}/${unit}`;
}

/** 1.4 ms; from a second on as all durations. */
export function milliseconds(ms: number): string {
	return ms < 1000 ? `${few.format(ms)} ms` : duration(ms);
}

/** 12.3 MB */
export function megabytes(bytes: number): string {
	return mega.format(bytes / 1e6);
}
