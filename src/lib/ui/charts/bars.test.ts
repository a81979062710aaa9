import { expect, test } from 'vitest';
import { barsPath } from './bars';

test('each value above zero is a bar that stands in its place, as high as it is', () => {
	const bars = { step: 4, base: 19.5, height: (value: number) => value / 3 };
	expect(barsPath([3, 0, 2], bars)).toBe('M2 19.5v-1M10 19.5v-0.67');
	expect(barsPath([0, 0], bars)).toBe('');
});
