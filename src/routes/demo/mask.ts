/**
 * What the shopper marked on the photo: one byte a pixel. A stroke is a line with round ends, so a quick drag leaves no
 * gaps between two positions of the pointer, and a tap is a disc.
 */

export interface Mask {
	readonly width: number;
	readonly height: number;
	/** 1 where marked, row by row. */
	readonly marked: Uint8Array;
}

export interface Point {
	x: number;
	y: number;
}

/** A mask of this size with nothing marked. */
export function emptyMask(width: number, height: number): Mask {
	return { width, height, marked: new Uint8Array(width * height) };
}

/** Marks, or takes back, what lies within `radius` of the line between two points. Beyond the edges there is nothing. */
export function stroke(mask: Mask, from: Point, to: Point, radius: number, mark: boolean): void {
	const { width, height, marked } = mask;
	const [left, right] = span(from.x, to.x, radius, width);
	const [top, bottom] = span(from.y, to.y, radius, height);
	const [dx, dy] = [to.x - from.x, to.y - from.y];
	const length = dx * dx + dy * dy;
	for (let y = top; y <= bottom; y++) {
		for (let x = left; x <= right; x++) {
			const along = length === 0 ? 0 : ((x - from.x) * dx + (y - from.y) * dy) / length;
			const nearest = Math.min(Math.max(along, 0), 1);
			const [ex, ey] = [x - from.x - nearest * dx, y - from.y - nearest * dy];
			if (ex * ex + ey * ey <= radius * radius) marked[y * width + x] = mark ? 1 : 0;
		}
	}
}

/** The pixels that a stroke between two coordinates can reach. */
function span(one: number, other: number, radius: number, size: number): [first: number, last: number] {
	return [
		Math.max(Math.floor(Math.min(one, other) - radius), 0),
		Math.min(Math.ceil(Math.max(one, other) + radius), size - 1)
	];
}

/** The marked part of the picture, from 0 to 1. */
export function share({ marked }: Mask): number {
	return marked.reduce((sum, one) => sum + one, 0) / marked.length;
}
