import { describe, expect, it } from 'vitest';
import { marksOf, progressText } from './progress';

const steps = (told: Record<string, string | null>) =>
	Object.entries(told).map(([step, status]) => ({
		step,
		status,
		startedAt: null,
		completedAt: null,
		durationMs: null
	}));
const states = (told: Record<string, string | null>, status = 'in_progress') =>
	marksOf({ steps: steps(told), status }).map(({ state }) => state);

describe('the marks of a session', () => {
	it('follow what was told of its steps', () => {
		const told = { room_capture: 'completed', mask: 'failed', inpaint: 'skipped', placement: 'started' };
		expect(states(told)).toEqual(['done', 'failed', 'skipped', 'running', 'ahead']);
		expect(progressText({ steps: steps(told), status: 'in_progress' })).toBe(
			'1 of 5 steps completed, 1 failed, 1 skipped'
		);
	});

	it('show as passed what lies before a step that was told of, and all of a completed session', () => {
		expect(states({ placement: 'started' })).toEqual(['passed', 'passed', 'passed', 'running', 'ahead']);
		expect(states({}, 'completed')).toEqual(['passed', 'passed', 'passed', 'passed', 'passed']);
	});

	it('survive steps and words that nobody knows', () => {
		expect(states({ lighting: 'completed', mask: 'dreamt', final: null, constructor: 'x' })).toEqual([
			'passed',
			'running',
			'passed',
			'passed',
			'running'
		]);
	});
});
