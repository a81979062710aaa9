import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomOf } from './random';

const sorted = (count: number, draw: () => number): number[] =>
	Array.from({ length: count }, draw).sort((a, b) => a - b);

describe('chance', () => {
	it('gives the same numbers for the same words, and others for others', () => {
		fc.assert(
			fc.property(fc.string(), fc.nat(), (word, number) => {
				const draws = (...words: (string | number)[]) => {
					const random = randomOf(...words);
					return Array.from({ length: 8 }, () => random.next());
				};
				expect(draws(word, number)).toEqual(draws(word, number));
				expect(draws(word, number)).not.toEqual(draws(word, number + 1));
				for (const draw of draws(word, number)) expect(draw >= 0 && draw < 1).toBe(true);
			})
		);
	});

	it('spreads evenly, also over the first number of many streams', () => {
		const tenths = Array.from({ length: 10 }, () => 0);
		for (let stream = 0; stream < 20_000; stream++) {
			const tenth = Math.floor(randomOf('plan', stream).next() * 10);
			tenths[tenth] = (tenths[tenth] ?? 0) + 1;
		}
		for (const count of tenths) expect(Math.abs(count - 2_000)).toBeLessThan(250);
	});

	it('draws times that are positive and skewed: half below the median, the mean above it, a long tail', () => {
		const random = randomOf('times');
		const times = sorted(20_000, () => random.skewed(12_000, 0.55));
		const mean = times.reduce((sum, time) => sum + time) / times.length;
		expect(times[0]).toBeGreaterThan(0);
		expect(times[10_000]).toBeGreaterThan(11_600);
		expect(times[10_000]).toBeLessThan(12_400);
		// exp(0.55² / 2) = 1.163
		expect(mean).toBeGreaterThan(13_500);
		expect(mean).toBeLessThan(14_400);
		expect(times[19_800]).toBeGreaterThan(36_000);
	});

	it('weighs, and draws whole numbers with both ends', () => {
		const random = randomOf('weights');
		const counts = [0, 0, 0];
		for (let n = 0; n < 10_000; n++) {
			const at = random.weighted([1, 0, 3]);
			counts[at] = (counts[at] ?? 0) + 1;
		}
		expect(counts[1]).toBe(0);
		expect((counts[2] ?? 0) / (counts[0] ?? 1)).toBeCloseTo(3, 0);
		const whole = sorted(1_000, () => random.whole(3, 6));
		expect([...new Set(whole)]).toEqual([3, 4, 5, 6]);
	});
});
