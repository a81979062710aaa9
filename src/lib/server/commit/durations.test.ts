import { expect, it } from 'vitest';
import { Durations } from './durations';

it('nothing measured is not 0', () => {
	expect(new Durations(3).stats()).toBeNull();
});

it('half and 95 of 100 were done within what is said', () => {
	const durations = new Durations(100);
	for (let ms = 100; ms > 0; ms--) durations.add(ms);
	expect(durations.stats()).toEqual({ count: 100, p50: 50, p95: 95 });
});

it('only the latest count', () => {
	const durations = new Durations(2);
	for (const ms of [900, 5, 1]) durations.add(ms);
	expect(durations.stats()).toEqual({ count: 2, p50: 1, p95: 5 });
});
