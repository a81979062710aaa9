/** How buckets are written: short under an axis, in full in a table. */
import type { Buckets } from '$lib/query';
import { count, dateFormat } from '../format';

/** Under the axis: 14:30, 22 Nov, Nov 2026. */
export function bucketName({ unit, edges }: Buckets, index: number, zone: string): string {
	const begin = edges[index] ?? 0;
	if (unit === 'month') return dateFormat('month', zone, { month: 'short', year: 'numeric' }).format(begin);
	const day = dateFormat('day of month', zone, { day: 'numeric', month: 'short' });
	if (unit === 'day' || unit === 'week') return day.format(begin);
	const time = dateFormat('time', zone, { hour: '2-digit', minute: '2-digit' }).format(begin);
	const isLong = (edges.at(-1) ?? 0) - (edges[0] ?? 0) > 86_400_000;
	return isLong ? `${day.format(begin)} ${time}` : time;
}

/** What small bars say in words: the highest of them, and when that was where it can be said, and the last. */
export function trendSummary(values: readonly number[], nameOf?: (bar: number) => string): string {
	const most = Math.max(0, ...values);
	const when = nameOf ? `, ${nameOf(values.indexOf(most))}` : '';
	return `at most ${count(most)}${when}; latest ${count(values.at(-1) ?? 0)}`;
}

/** The same with how they are cut. */
export function trendName(values: readonly number[], times: Buckets, zone: string): string {
	const unit = times.unit === 'quarter' ? 'quarter of an hour' : times.unit;
	return `By ${unit}: ${trendSummary(values, (bar) => bucketName(times, bar, zone))}`;
}

/** In full: from when to when. */
export function bucketTitle({ unit, edges }: Buckets, index: number, zone: string): string {
	const [begin, end] = [edges[index] ?? 0, edges[index + 1] ?? 0];
	const isDays = unit === 'day' || unit === 'week' || unit === 'month';
	const format = isDays
		? dateFormat('bucket day', zone, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })
		: dateFormat('bucket time', zone, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
	const last = isDays ? end - 1 : end;
	const text = format.format(begin);
	// A range that says but one thing is as long to make as a hundred dates: pages have hundreds of days.
	return text === format.format(last) ? text : format.formatRange(begin, last);
}

/**
 * When buckets begin, in minutes of their day; null for days and longer, of which none is rounder than another. The
 * first may begin anywhere: the range does.
 */
export function minutesOfDay({ unit, edges, partial }: Buckets, zone: string): readonly number[] | null {
	if (unit !== 'quarter' && unit !== 'hour') return null;
	const time = dateFormat('clock', zone, { hour: 'numeric', minute: 'numeric', hourCycle: 'h23' });
	return partial.map((_, index) => {
		const parts = time.formatToParts(edges[index]);
		const part = (name: string) => Number(parts.find(({ type }) => type === name)?.value ?? 0);
		return part('hour') * 60 + part('minute');
	});
}

/** What a clock's hand goes by, from one bucket to a day. */
const ROUND_MINUTES = [15, 30, 60, 120, 180, 240, 360, 720, 1440];

/** Of buckets that begin at these minutes of their day, those that an axis names with room for so many: round times. */
export function roundOnes(minutes: readonly number[], most: number): ReadonlySet<number> {
	const on = (step: number) => minutes.flatMap((minute, index) => (minute % step === 0 ? [index] : []));
	const step = ROUND_MINUTES.find((minutesApart) => on(minutesApart).length <= most) ?? 1440;
	return new Set(on(step));
}
