/** How buckets are written: short under an axis, in full in a table. */
import type { Buckets } from '$lib/query';
import { dateFormat } from '../format';

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

/** In full: from when to when. */
export function bucketTitle({ unit, edges }: Buckets, index: number, zone: string): string {
	const [begin, end] = [edges[index] ?? 0, edges[index + 1] ?? 0];
	const isDays = unit === 'day' || unit === 'week' || unit === 'month';
	const format = isDays
		? dateFormat('bucket day', zone, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })
		: dateFormat('bucket time', zone, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
	return format.formatRange(begin, isDays ? end - 1 : end);
}
