import { expect, test } from 'vitest';
import { Buckets } from './buckets';

function bucketsAt(options: { perSecond: number; burst: number; most?: number }) {
	const time = { ms: 0 };
	return { time, buckets: new Buckets({ ...options, clock: () => time.ms }) };
}

test('a burst goes through, then one at a time as tokens come back, and it says when that is', () => {
	const { time, buckets } = bucketsAt({ perSecond: 0.1, burst: 3 });
	expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([0, 0, 0, 10]);
	time.ms += 9_000;
	expect(buckets.take('a')).toBe(1);
	time.ms += 1_000;
	expect([buckets.take('a'), buckets.take('a')]).toEqual([0, 10]);
});

test('asking in vain costs nothing, and nobody pays for another', () => {
	const { time, buckets } = bucketsAt({ perSecond: 1, burst: 1 });
	expect(buckets.take('a')).toBe(0);
	for (let at = 0; at < 20; at++) expect(buckets.take('a')).toBe(1);
	expect(buckets.take('b')).toBe(0);
	time.ms += 1_000;
	expect(buckets.take('a')).toBe(0);
});

test('what is full again is forgotten, and of too many those seen longest ago are', () => {
	const { time, buckets } = bucketsAt({ perSecond: 1, burst: 2, most: 3 });
	for (const key of ['a', 'b', 'c', 'd']) buckets.take(key);
	expect(buckets.size).toBe(3);
	time.ms += 60_000;
	buckets.take('e');
	expect(buckets.size).toBe(1);
});
