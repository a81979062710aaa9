import { describe, expect, it } from 'vitest';
import { emptyMask, share, stroke, type Mask } from './mask';

function drawn({ width, marked }: Mask): string[] {
	const text = Array.from(marked, (one) => (one ? '#' : '.')).join('');
	return text.match(new RegExp(`.{${width}}`, 'g')) ?? [];
}

describe('a mask', () => {
	it('takes a tap as a disc', () => {
		const mask = emptyMask(7, 5);
		stroke(mask, { x: 3, y: 2 }, { x: 3, y: 2 }, 2, true);
		expect(drawn(mask)).toEqual(['...#...', '..###..', '.#####.', '..###..', '...#...']);
	});

	it('leaves no gap between two distant positions of the pointer', () => {
		const mask = emptyMask(40, 40);
		stroke(mask, { x: 2, y: 3 }, { x: 35, y: 30 }, 2, true);
		for (let x = 3; x < 35; x++) {
			const y = Math.round(3 + ((x - 2) * 27) / 33);
			expect(mask.marked[y * 40 + x]).toBe(1);
		}
	});

	it('takes marks back, and nothing beside them', () => {
		const mask = emptyMask(6, 1);
		stroke(mask, { x: 0, y: 0 }, { x: 5, y: 0 }, 0, true);
		stroke(mask, { x: 4, y: 0 }, { x: 4, y: 0 }, 0, false);
		expect(drawn(mask)).toEqual(['####.#']);
		expect(share(mask)).toBeCloseTo(5 / 6);
	});

	it('ends at the edges of the picture', () => {
		const mask = emptyMask(4, 3);
		stroke(mask, { x: -9, y: -9 }, { x: 0, y: 0 }, 1, true);
		stroke(mask, { x: 90, y: 90 }, { x: 99, y: 99 }, 5, true);
		expect(drawn(mask)).toEqual(['##..', '#...', '....']);
	});
});
