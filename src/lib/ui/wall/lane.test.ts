import { describe, expect, it } from 'vitest';
import { NOON, PACE, sessionCard, stepsUpTo } from '../../../../tests/support/states';
import { laneOf } from './lane';

const states = (lane: ReturnType<typeof laneOf>) => lane.segments.map((segment) => segment.state);

describe('a lane', () => {
	it('fills step by step', () => {
		const steps = stepsUpTo(2, NOON, 8);
		const lane = laneOf(sessionCard({ steps, currentStep: 'inpaint' }), PACE, NOON + 20_000);
		expect(states(lane)).toEqual(['done', 'done', 'running', 'ahead', 'ahead']);
		expect(lane).toMatchObject({ stepText: 'Inpaint', since: NOON + 16_000, stuck: false });
	});

	it('is stuck as soon as its step takes twice as long as nearly all do', () => {
		const session = sessionCard({ steps: stepsUpTo(1, NOON, 8), currentStep: 'mask' });
		const p95 = PACE.find((pace) => pace.step === 'mask')?.p95Ms ?? 0;
		expect(laneOf(session, PACE, NOON + 8_000 + 2 * p95).stuck).toBe(false);
		const stuck = laneOf(session, PACE, NOON + 8_001 + 2 * p95);
		expect(stuck).toMatchObject({ stuck: true, sign: { word: 'stuck', icon: 'stuck', tone: 'stuck' } });
		expect(states(stuck)[1]).toBe('stuck');
	});

	it('is stuck after three minutes in a step that nobody has timed', () => {
		const session = sessionCard({ steps: stepsUpTo(1, NOON, 8), currentStep: 'mask' });
		expect(laneOf(session, [], NOON + 8_000 + 180_000).stuck).toBe(false);
		expect(laneOf(session, [], NOON + 8_001 + 180_000).stuck).toBe(true);
	});

	it('never calls a session stuck between two steps', () => {
		const steps = stepsUpTo(2, NOON, 8, false);
		const lane = laneOf(sessionCard({ steps, currentStep: 'mask' }), PACE, NOON + 3_600_000);
		expect(lane).toMatchObject({ stuck: false, stepText: 'after Mask', since: NOON + 16_000 });
	});

	it('goes on with the step that began as the last one ended', () => {
		const steps = stepsUpTo(1, NOON, 8);
		const lane = laneOf(sessionCard({ steps, currentStep: 'room_capture' }), PACE, NOON + 10_000);
		expect(lane).toMatchObject({ stepText: 'Mask', since: NOON + 8_000 });
	});

	it('shows a session that has only custom events', () => {
		const lane = laneOf(sessionCard({ startedAt: NOON }), [], NOON + 5_000);
		expect(states(lane)).toEqual(['ahead', 'ahead', 'ahead', 'ahead', 'ahead']);
		expect(lane).toMatchObject({ stepText: 'Started', since: NOON });
		const uploaded = laneOf(sessionCard({ activity: 'room_uploaded' }), [], NOON + 5_000);
		expect(uploaded.stepText).toBe('Room uploaded');
	});

	it('gives a step of a client’s own a segment behind the known ones', () => {
		const own = { step: 'variant_pick', status: 'started', startedAt: NOON, completedAt: null, durationMs: null };
		const lane = laneOf(sessionCard({ steps: [own], currentStep: 'variant_pick' }), PACE, NOON);
		expect(lane.segments.at(-1)).toMatchObject({ label: 'Variant pick', state: 'running' });
		expect(lane.segments).toHaveLength(6);
	});

	it('marks a step that was left without a word as passed, and a failed one as failed', () => {
		const [first] = stepsUpTo(0, NOON);
		const mask = { step: 'mask', status: 'failed', startedAt: NOON, completedAt: NOON + 9_000, durationMs: 9_000 };
		const lane = laneOf(sessionCard({ steps: first ? [first, mask] : [], currentStep: 'mask' }), PACE, NOON + 10_000);
		expect(states(lane).slice(0, 2)).toEqual(['passed', 'failed']);
		expect(lane).toMatchObject({ stepText: 'Mask failed', since: NOON + 9_000 });
	});

	it('survives a step without any time and an unknown current step', () => {
		const blank = { step: 'mask', status: null, startedAt: null, completedAt: null, durationMs: null };
		expect(laneOf(sessionCard({ steps: [blank], updatedAt: NOON }), PACE, NOON).since).toBe(NOON);
		expect(laneOf(sessionCard({ currentStep: '__proto__', updatedAt: NOON }), PACE, NOON).segments).toHaveLength(6);
	});
});
