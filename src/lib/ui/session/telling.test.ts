import { describe, expect, it } from 'vitest';
import { eventRow, NOON } from '../../../../tests/support/states';
import { actionsAndThen, tell } from './telling';

const event = (n: number, type: string, data: unknown) => eventRow(n, { type, data, at: NOON + n * 1000 });

describe('an event told in a line', () => {
	it('names step, status and how long it took', () => {
		const told = tell(event(0, 'step_update', { step: 'mask', status: 'completed', durationMs: 8120 }));
		expect(told).toMatchObject({ text: 'Mask completed · 8.1 s', icon: 'check', tone: 'done' });
	});

	it('names an event of a type that nobody knows', () => {
		expect(tell(event(0, 'room_uploaded', null)).text).toBe('Room uploaded');
	});

	it.each([
		null,
		'text',
		7,
		[],
		{ step: { nested: true }, status: null },
		{ step: '__proto__', status: 'constructor' }
	])('survives data such as %j', (data) => {
		for (const type of ['session_ended', 'step_update', 'error', 'ai_request', 'user_action', '__proto__']) {
			expect(tell(event(0, type, data)).text).not.toBe('');
		}
	});
});

describe('user actions', () => {
	it('say what came after them', () => {
		const [retake] = actionsAndThen([
			event(0, 'user_action', { action: 'retake_photo' }),
			event(2, 'step_update', { step: 'room_capture', status: 'completed' })
		]);
		expect(retake).toMatchObject({ times: 1, thenAfterMs: 2_000, then: { type: 'step_update' } });
	});

	it('are counted when the same comes again and again', () => {
		const zoom = { action: 'zoom_pan' };
		const rows = actionsAndThen([0, 1, 2].map((n) => event(n, 'user_action', zoom)));
		expect(rows).toHaveLength(1);
		expect(rows[0]).toMatchObject({ times: 3, then: null });
	});
});
