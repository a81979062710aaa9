import { describe, expect, it } from 'vitest';
import { DatabaseClock } from './clock';

describe("the difference of the database's clock", () => {
	it('is none before the first sample', () => {
		expect(new DatabaseClock().offset()).toBe(0);
	});

	it('is taken from the quickest answer', () => {
		const clock = new DatabaseClock();
		clock.learn({ asked: 10_000, answered: 10_500, database: 5_400 });
		clock.learn({ asked: 12_000, answered: 12_004, database: 7_002 });
		clock.learn({ asked: 14_000, answered: 14_300, database: 9_290 });
		expect(clock.offset()).toBe(5_000);
	});

	it('is taken as none when it is within what the answer could be wrong by', () => {
		const clock = new DatabaseClock();
		clock.learn({ asked: 10_000, answered: 10_040, database: 10_005 });
		expect(clock.offset()).toBe(0);
	});

	it('follows a clock that was set', () => {
		const clock = new DatabaseClock();
		clock.learn({ asked: 0, answered: 1, database: 0 });
		for (let n = 0; n < 30; n++) clock.learn({ asked: 10_000, answered: 10_002, database: 8_001 });
		expect(clock.offset()).toBe(2_000);
	});
});
