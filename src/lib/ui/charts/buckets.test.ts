import { describe, expect, it } from 'vitest';
import { buckets } from '$lib/query';
import { bucketName, bucketTitle } from './buckets';
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

it('the sum of a series leaves out what is not known, and is unknown when nothing is', () => {
	expect(sum([1, null, 2])).toBe(3);
	expect(sum([null])).toBeNull();
});
