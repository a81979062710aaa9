/** How the system's own figures are written. */
import { duration } from '../format';

const rate = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const mega = new Intl.NumberFormat('en', { style: 'unit', unit: 'megabyte', maximumFractionDigits: 1 });
const few = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** 12.3/s */
export function perSecond(number: number, ms: number): string {
	return `${rate.format(ms > 0 ? (number * 1000) / ms : 0)}/s`;
}

/** 1.4 ms; from a second on as all durations. */
export function milliseconds(ms: number): string {
	return ms < 1000 ? `${few.format(ms)} ms` : duration(ms);
}

/** 12.3 MB */
export function megabytes(bytes: number): string {
	return mega.format(bytes / 1e6);
}
