/**
 * The buckets of a chart over a range: together they are the range, without holes. Quarters of an hour are those of UTC;
 * hours, days, weeks (from Monday) and months begin where they do in the zone, so that a day at a change of the clocks
 * has 23 or 25 hours. All edges but the outer two are multiples of 15 minutes of UTC, since all offsets of zones are.
 */
import type { Millis } from '../live/messages';
import { localTime, momentOf, QUARTER_MS, startOfDay } from './zone';

export type BucketUnit = 'quarter' | 'hour' | 'day' | 'week' | 'month';

export interface Buckets {
	unit: BucketUnit;
	/** One more than there are buckets, ascending; the first and the last are the range's own ends. */
	edges: Millis[];
	/** Of each bucket: is it cut off by the range, or not over yet? Then it is no measure of its neighbours. */
	partial: boolean[];
}

/** How long each unit is at least, finest first. */
const UNITS: readonly (readonly [BucketUnit, number])[] = [
	['quarter', QUARTER_MS],
	['hour', 3_600_000],
	['day', 23 * 3_600_000],
	['week', 167 * 3_600_000],
	['month', 28 * 86_400_000]
];

/** 90 days are days, and 24 hours are hours. */
const MOST = 95;

/** The unit of the finest buckets of which a range has no more than `most`, give or take the cut ones at its ends. */
export function bucketUnit(range: { from: Millis; to: Millis }, most = MOST): BucketUnit {
	const length = range.to - range.from;
	return UNITS.find(([, shortest]) => length / shortest <= most)?.[0] ?? 'month';
}

/** The buckets of a range that is not empty, as they stand at `now`. */
export function buckets(range: { from: Millis; to: Millis }, zone: string, now: Millis, most = MOST): Buckets {
	const { from, to } = range;
	const unit = bucketUnit(range, most);
	const edges = [from];
	const partial: boolean[] = [];
	for (let begin = from; begin < to;) {
		const whole = edgeAfter(begin, unit, zone);
		const end = Math.min(whole, to);
		partial.push(whole > to || end > now || (begin === from && !isEdge(begin, unit, zone)));
		edges.push(end);
		begin = end;
	}
	return { unit, edges, partial };
}

function isEdge(at: Millis, unit: BucketUnit, zone: string): boolean {
	return edgeAfter(at - 1, unit, zone) === at;
}

/** Where the bucket ends that `at` is in: the first edge after it. */
function edgeAfter(at: Millis, unit: BucketUnit, zone: string): Millis {
	if (unit === 'quarter') return (Math.floor(at / QUARTER_MS) + 1) * QUARTER_MS;
	const local = localTime(at, zone);
	if (unit === 'hour') return at - (((local % 3_600_000) + 3_600_000) % 3_600_000) + 3_600_000;
	const next = laterEdge(at, local, unit, zone, 1);
	// Where clocks are put back across midnight, the day after has begun once already.
	return next > at ? next : laterEdge(at, local, unit, zone, 2);
}

/** The beginning of the `turns`th day, week or month after the one that `at` is in. */
function laterEdge(at: Millis, local: Millis, unit: 'day' | 'week' | 'month', zone: string, turns: number): Millis {
	// Local times are written as moments of UTC, so this reads the local date.
	const date = new Date(local);
	switch (unit) {
		case 'day':
			return startOfDay(at, zone, turns);
		case 'week':
			// Sunday is 0; a week ends before Monday.
			return startOfDay(at, zone, 7 * turns - ((date.getUTCDay() + 6) % 7));
		case 'month':
			return momentOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + turns, 1), zone);
	}
}
