import { describe, expect, it } from 'vitest';
import { ANGLE, AT_FIRST, isOn, move, resize, SIZE, turn } from './placement';

const PHOTO = { width: 1000, height: 800 };

describe('a placement', () => {
	it('stays within the photo, of a size and at an angle that furniture can have', () => {
		expect(move(AT_FIRST, 5, -5)).toEqual({ ...AT_FIRST, x: 1, y: 0.1 });
		expect(resize(AT_FIRST, 9).size).toBe(SIZE.max);
		expect(resize(AT_FIRST, 0).size).toBe(SIZE.min);
		expect(turn(AT_FIRST, -90).angle).toBe(ANGLE.min);
	});

	it('knows which points lie on the product', () => {
		const placed = { x: 0.5, y: 0.5, size: 0.4, angle: 0 };
		const on = (x: number, y: number) => isOn(placed, { x, y }, 0.5, PHOTO);
		expect([on(500, 390), on(305, 205), on(695, 395)]).toEqual([true, true, true]);
		expect([on(250, 300), on(500, 150), on(500, 450)]).toEqual([false, false, false]);
	});

	it('knows it of a turned product too', () => {
		const flat = { x: 0.5, y: 0.5, size: 0.4, angle: 0 };
		const right = { x: 690, y: 470 };
		expect(isOn(flat, right, 0.25, PHOTO)).toBe(false);
		expect(isOn(turn(flat, 20), right, 0.25, PHOTO)).toBe(true);
	});
});
