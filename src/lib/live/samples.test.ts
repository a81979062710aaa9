import { describe, expect, it } from 'vitest';
import { clockOffset, percentile, withSample } from './samples';

describe('the clock offset', () => {
	it('comes from the quickest answer', () => {
		const slow = { asked: 1_000, answered: 1_900, server: 6_900 };
		const quick = { asked: 2_000, answered: 2_010, server: 7_005 };
		expect(clockOffset([slow, quick])).toBe(5_000);
	});
	it('is unknown without an answer', () => expect(clockOffset([])).toBeNull());
});

describe('a percentile', () => {
	it('is a value that was measured', () => {
		expect(percentile([5, 1, 9, 3], 0.5)).toBe(3);
		expect(percentile([5, 1, 9, 3], 0.95)).toBe(9);
		expect(percentile([7], 0.5)).toBe(7);
	});
	it('is unknown without samples', () => expect(percentile([], 0.5)).toBeNull());
});

it('forgets the oldest samples', () => {
	expect([1, 2, 3, 4].reduce<number[]>((kept, n) => withSample(kept, n, 3), [])).toEqual([2, 3, 4]);
});
