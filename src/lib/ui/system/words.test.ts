import { describe, expect, it } from 'vitest';
import { pace } from './words';

describe('how often something comes', () => {
	it.each([
		[720, 60_000, '12/s'],
		[1, 1_000, '1/s'],
		[30, 60_000, '30/min'],
		[90, 3_600_000, '1.5/min'],
		[1, 3_600_000, '1/h'],
		[1, 7_200_000, '0.5/h'],
		[0, 60_000, '0/s'],
		[0, 0, '0/s']
	])('is said by the second, the minute or the hour: %d in %d ms', (number, ms, text) => {
		expect(pace(number, ms)).toBe(text);
	});
});
