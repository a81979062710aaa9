import { describe, expect, it } from 'vitest';
import { NOON, story, stepsUpTo } from '../../../../tests/support/states';
import { timelineOf } from './timeline';

const bounds = { startedAt: NOON, endedAt: null, updatedAt: NOON };
const steps = (done: number) => story({ startedAt: NOON, steps: stepsUpTo(done, NOON, 10) }).steps;

describe('the timeline', () => {
	it('lays steps out on one axis, the running one until now', () => {
		const { rows, from, to } = timelineOf(steps(1), bounds, NOON + 20_000);
		expect([from, to]).toEqual([NOON, NOON + 20_000]);
		expect(rows.map((row) => row.bar)).toEqual([
			{ from: 0, width: 0.5 },
			{ from: 0.5, width: 0.5 }
		]);
		expect(rows[1]).toMatchObject({ running: true, durationMs: 10_000 });
	});

	it('shows the gap before a step', () => {
		const [first, second] = steps(1);
		if (!first || !second) throw new Error('two steps were built');
		const late = { ...second, startedAt: NOON + 13_000 };
		expect(timelineOf([first, late], bounds, NOON + 20_000).rows[1]?.gapMs).toBe(3_000);
	});

	it('places a step that was completed without ever having been started', () => {
		const [first] = steps(1);
		if (!first) throw new Error('a step was built');
		const only = { ...first, startedAt: null, completedAt: NOON + 10_000, durationMs: 4_000 };
		const [row] = timelineOf([only], bounds, NOON + 20_000).rows;
		expect(row).toMatchObject({ bar: { from: 0.3, width: 0.2 }, durationMs: 4_000 });
	});

	it('does not invent a time for a step that has none', () => {
		const [first] = steps(1);
		if (!first) throw new Error('a step was built');
		const [row] = timelineOf([{ ...first, startedAt: null, completedAt: null, durationMs: null }], bounds, NOON).rows;
		expect(row).toMatchObject({ bar: null, durationMs: null, gapMs: null });
	});

	it('does not let a step run on after its session has ended', () => {
		const ended = { ...bounds, endedAt: NOON + 12_000 };
		expect(timelineOf(steps(1), ended, NOON + 90_000).rows[1]).toMatchObject({ running: false, durationMs: null });
	});
});
