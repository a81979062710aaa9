import { describe, expect, it } from 'vitest';
import { fillRows, type Pixels } from './fill';
import { emptyMask, stroke, type Mask } from './mask';

const [WIDTH, HEIGHT] = [60, 40];
const WALL = [210, 200, 190] as const;
const FLOOR = [120, 90, 60] as const;
const CHAIR = [20, 40, 200] as const;

/** A wall, a floor, and on them something blue. */
function room(isChair: (x: number, y: number) => boolean): { photo: Pixels; mask: Mask } {
	const data = new Uint8ClampedArray(WIDTH * HEIGHT * 4).fill(255);
	const mask = emptyMask(WIDTH, HEIGHT);
	for (let y = 0; y < HEIGHT; y++) {
		for (let x = 0; x < WIDTH; x++) {
			const at = y * WIDTH + x;
			data.set(isChair(x, y) ? CHAIR : y < 25 ? WALL : FLOOR, at * 4);
			if (isChair(x, y)) mask.marked[at] = 1;
		}
	}
	return { photo: { width: WIDTH, height: HEIGHT, data }, mask };
}

function filled(photo: Pixels, mask: Mask, seed = 0): Pixels {
	const target = { ...photo, data: photo.data.slice() };
	expect([...fillRows(target, mask, seed, 10)]).toEqual([0.225, 0.475, 0.725, 0.975]);
	return target;
}

/** The mean colour of a column between two rows. */
function column({ data }: Pixels, x: number, top: number, bottom: number): number[] {
	return [0, 1, 2].map((one) => {
		let sum = 0;
		for (let y = top; y < bottom; y++) sum += data[(y * WIDTH + x) * 4 + one] ?? 0;
		return sum / (bottom - top);
	});
}

function expectNear(colour: number[], expected: readonly number[]): void {
	colour.forEach((value, n) => expect(Math.abs(value - (expected[n] ?? 0))).toBeLessThan(4));
}

describe('the fill', () => {
	const isChair = (x: number, y: number): boolean => x >= 25 && x < 35 && y >= 15 && y < 32;

	it('goes on with the wall and the floor where something stood, and keeps the line between them', () => {
		const { photo, mask } = room(isChair);
		const result = filled(photo, mask);
		expectNear(column(result, 30, 15, 22), WALL);
		expectNear(column(result, 30, 28, 32), FLOOR);
	});

	it('changes nothing that is not marked', () => {
		const { photo, mask } = room(isChair);
		const result = filled(photo, mask);
		mask.marked.forEach((marked, at) => {
			if (!marked) expect(result.data.subarray(at * 4, at * 4 + 4)).toEqual(photo.data.subarray(at * 4, at * 4 + 4));
		});
	});

	it('gives the same picture for the same seed, and another for another', () => {
		const { photo, mask } = room(isChair);
		expect(filled(photo, mask, 1).data).toEqual(filled(photo, mask, 1).data);
		expect(filled(photo, mask, 1).data).not.toEqual(filled(photo, mask, 2).data);
	});

	it('takes the one side that it knows at the edge of the picture', () => {
		const { photo, mask } = room((x, y) => x < 12 && y >= 5 && y < 15);
		expectNear(column(filled(photo, mask), 0, 5, 15), WALL);
	});

	it('takes the nearest known row where a whole row is marked, and leaves a picture alone that is marked whole', () => {
		const { photo, mask } = room((_, y) => y >= 30);
		expectNear(column(filled(photo, mask), 30, 30, 40), FLOOR);
		const all = room(() => true);
		stroke(all.mask, { x: 0, y: 0 }, { x: WIDTH, y: HEIGHT }, WIDTH, true);
		expectNear(column(filled(all.photo, all.mask), 30, 0, 40), CHAIR);
	});
});
