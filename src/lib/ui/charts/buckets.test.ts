import { describe, expect, it } from 'vitest';
import { buckets } from '$lib/query';
import { bucketName, bucketTitle, minutesOfDay, roundOnes } from './buckets';
import { sum } from './series';

const DAY = 86_400_000;

describe('a bucket', () => {
	it('is written in the zone, as its unit is', () => {
		const from = Date.UTC(2026, 10, 20, 23);
		const days = buckets({ from, to: from + 30 * DAY }, 'Europe/Berlin', from + 60 * DAY);
		expect([bucketName(days, 0, 'Europe/Berlin'), bucketTitle(days, 0, 'Europe/Berlin')]).toEqual([
			'21 Nov',
			'Sat, 21 Nov 2026'
		]);
		const quarters = buckets({ from, to: from + DAY / 2 }, 'UTC', from + DAY);
		expect(bucketName(quarters, 1, 'UTC')).toBe('23:15');
		expect(bucketTitle(quarters, 1, 'UTC').replace(/\s/g, ' ')).toContain('23:15');
		const months = buckets({ from, to: from + 1000 * DAY }, 'UTC', from + 2000 * DAY);
		expect(bucketName(months, 1, 'UTC')).toBe('Dec 2026');
	});
});

describe('an axis', () => {
	it('names round times by the clock of the zone, as many as it has room for', () => {
		const from = Date.UTC(2026, 10, 20, 18, 27);
		const day = buckets({ from, to: from + DAY }, 'Europe/Berlin', from + 2 * DAY);
		const minutes = minutesOfDay(day, 'Europe/Berlin') ?? [];
		const named = (most: number) =>
			[...roundOnes(minutes, most)].map((index) => bucketName(day, index, 'Europe/Berlin'));
		expect(named(8)).toEqual(['21:00', '00:00', '03:00', '06:00', '09:00', '12:00', '15:00', '18:00']);
		expect(named(4)).toEqual(['00:00', '06:00', '12:00', '18:00']);
		expect(named(1)).toEqual(['00:00']);
		expect(named(1000)).toHaveLength(day.partial.length - 1);
	});

	it('names every day', () => {
		const from = Date.UTC(2026, 10, 20);
		expect(minutesOfDay(buckets({ from, to: from + 30 * DAY }, 'UTC', from + 60 * DAY), 'UTC')).toBeNull();
	});
});

it('the sum of a series leaves out what is not known, and is unknown when nothing is', () => {
	expect(sum([1, null, 2])).toBe(3);
	expect(sum([null])).toBeNull();
});
