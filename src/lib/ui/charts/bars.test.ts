import { expect, test } from 'vitest';
import { barsPath } from './bars';

test('each value above zero is a bar that stands in its place, as high as it is', () => {
	const bars = { step: 4, width: 3, base: 19.5, height: (value: number) => value / 3 };
	expect(barsPath([3, 0, 2], bars)).toBe('M0.5 19.5v-1h3v1zM8.5 19.5v-0.67h3v0.67z');
	expect(barsPath([0, 0], bars)).toBe('');
});
