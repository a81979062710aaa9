/**
 * Stands in for the AI service: fills what is marked from its surroundings. Rooms are mostly made of horizontal lines
 * (skirting boards, shelves, the edge of the floor), so each row goes over from what is left of the mark to what is right
 * of it; then neighbouring rows are mixed, because each row alone would be a streak, and a little grain hides that there
 * is no texture. It is no more than that, and the page says so.
 */
import type { Mask } from './mask';

/** The part of an ImageData that is needed here. */
export interface Pixels {
	readonly width: number;
	readonly height: number;
	readonly data: Uint8ClampedArray;
}

type Colour = [red: number, green: number, blue: number];

/** Known pixels beside a mark that are left out, because what is removed has an edge and a shadow … */
const MARGIN = 3;
/** … and those that make up the colour with which a row begins or ends. */
const REACH = 14;
/** Rows above and below that a row is mixed with. */
const SMOOTH = 2;
const GRAIN = 3;

/**
 * Fills the marked pixels of `target`, which begins as a copy of the photo, and hands over after each so many rows, so
 * that a page can show how it gets on.
 * @param seed another one gives another grain
 * @yields the part that is done, from 0 to 1
 */
export function* fillRows(target: Pixels, mask: Mask, seed: number, rowsAtOnce: number): Generator<number, void> {
	const { height } = target;
	const filled = new Uint8Array(height);
	for (let y = 0; y < height; y++) {
		filled[y] = fillRow(target, mask, y) ? 1 : 0;
		if (y % rowsAtOnce === rowsAtOnce - 1) yield y / height;
	}
	copyWholeRows(target, mask, filled);
	smooth(target, mask);
	roughen(target, mask, seed);
}

/** False when all of the row is marked: nothing in it says what it should be. */
function fillRow(target: Pixels, { marked }: Mask, y: number): boolean {
	const { width } = target;
	const isMarked = (x: number): boolean => marked[y * width + x] === 1;
	for (let start = 0; start < width; start++) {
		if (!isMarked(start)) continue;
		let end = start;
		while (end < width && isMarked(end)) end++;
		const left = beside(target, y, start, -1, isMarked);
		const right = beside(target, y, end - 1, 1, isMarked);
		const [from, to] = [left ?? right, right ?? left];
		if (!from || !to) return false;
		for (let x = start; x < end; x++) {
			const along = (x - start + 1) / (end - start + 1);
			set(target, x, y, mix(from, to, along * along * (3 - 2 * along)));
		}
		start = end;
	}
	return true;
}

/** The colour of a row beside a mark, from the mark's last pixel on; null at the picture's edge. */
function beside(pixels: Pixels, y: number, from: number, way: 1 | -1, isMarked: (x: number) => boolean): Colour | null {
	const known: number[] = [];
	for (let x = from + way; x >= 0 && x < pixels.width && !isMarked(x) && known.length < MARGIN + REACH; x += way) {
		known.push(x);
	}
	// A gap that is as narrow as the margin is better than nothing.
	const used = known.length > MARGIN ? known.slice(MARGIN) : known;
	if (used.length === 0) return null;
	const mean = (channel: number): number => used.reduce((sum, x) => sum + at(pixels, x, y, channel), 0) / used.length;
	return [mean(0), mean(1), mean(2)];
}

/** Rows that are marked from edge to edge become the nearest row that is not. */
function copyWholeRows(target: Pixels, { marked }: Mask, filled: Uint8Array): void {
	const { width, height } = target;
	const known = Array.from({ length: height }, (_, y) => y).filter((y) => filled[y]);
	if (known.length === 0) return;
	for (let y = 0; y < height; y++) {
		if (filled[y]) continue;
		const source = known.reduce((best, one) => (Math.abs(one - y) < Math.abs(best - y) ? one : best));
		for (let x = 0; x < width; x++) {
			if (marked[y * width + x]) set(target, x, y, colour(target, x, source));
		}
	}
}

/** Mixes each marked pixel with those above and below it. */
function smooth(target: Pixels, { marked }: Mask): void {
	const { width, height } = target;
	const before: Pixels = { width, height, data: target.data.slice() };
	for (let y = 0; y < height; y++) {
		const rows = Array.from({ length: 2 * SMOOTH + 1 }, (_, n) => Math.min(Math.max(y + n - SMOOTH, 0), height - 1));
		for (let x = 0; x < width; x++) {
			if (!marked[y * width + x]) continue;
			const mean = (one: number): number => rows.reduce((sum, row) => sum + at(before, x, row, one), 0) / rows.length;
			set(target, x, y, [mean(0), mean(1), mean(2)]);
		}
	}
}

function roughen(target: Pixels, { marked }: Mask, seed: number): void {
	// A linear congruential generator: the same seed gives the same picture.
	let state = (seed + 1) * 2_654_435_761;
	for (let index = 0; index < marked.length; index++) {
		if (!marked[index]) continue;
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		const grain = (state / 4_294_967_296 - 0.5) * 2 * GRAIN;
		for (let one = 0; one < 3; one++) target.data[index * 4 + one] = (target.data[index * 4 + one] ?? 0) + grain;
	}
}

function colour(pixels: Pixels, x: number, y: number): Colour {
	return [at(pixels, x, y, 0), at(pixels, x, y, 1), at(pixels, x, y, 2)];
}

function at({ width, data }: Pixels, x: number, y: number, channel: number): number {
	return data[(y * width + x) * 4 + channel] ?? 0;
}

function set({ width, data }: Pixels, x: number, y: number, to: Colour): void {
	data.set(to, (y * width + x) * 4);
}

function mix(from: Colour, to: Colour, part: number): Colour {
	const between = (one: number, other: number): number => one + (other - one) * part;
	return [between(from[0], to[0]), between(from[1], to[1]), between(from[2], to[2])];
}
