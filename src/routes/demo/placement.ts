/** Where the product stands on the photo, how large it is and how it is turned. All in parts of the photo, so any size of screen will do. */
import type { Point } from './mask';

export interface Placement {
	/** The middle of the product's lower edge, from 0 to 1. */
	readonly x: number;
	readonly y: number;
	/** The product's width, as a part of the photo's. */
	readonly size: number;
	/** Degrees, clockwise. */
	readonly angle: number;
}

export const SIZE = { min: 0.15, max: 0.9 } as const;
/** A photo may be taken askew; furniture does not lie on its side. */
export const ANGLE = { min: -20, max: 20 } as const;

export const AT_FIRST: Placement = { x: 0.5, y: 0.8, size: 0.5, angle: 0 };

/** Moved by so much; it stays within the photo. */
export function move(placement: Placement, dx: number, dy: number): Placement {
	return { ...placement, x: clamp(placement.x + dx, 0, 1), y: clamp(placement.y + dy, 0.1, 1) };
}

export function resize(placement: Placement, size: number): Placement {
	return { ...placement, size: clamp(size, SIZE.min, SIZE.max) };
}

export function turn(placement: Placement, angle: number): Placement {
	return { ...placement, angle: clamp(angle, ANGLE.min, ANGLE.max) };
}

/**
 * Whether a point of a photo lies on the product, with a little room around it for fingers.
 * @param shape the product's height by its width
 * @param photo the photo's width and height, in pixels as are the point's coordinates
 */
export function isOn(
	placement: Placement,
	point: Point,
	shape: number,
	photo: { width: number; height: number }
): boolean {
	const width = placement.size * photo.width;
	const [dx, dy] = [point.x - placement.x * photo.width, point.y - placement.y * photo.height];
	const turned = (-placement.angle * Math.PI) / 180;
	const across = dx * Math.cos(turned) - dy * Math.sin(turned);
	const up = -(dx * Math.sin(turned) + dy * Math.cos(turned));
	const room = 0.02 * photo.width;
	return Math.abs(across) <= width / 2 + room && up >= -room && up <= width * shape + room;
}

function clamp(value: number, min: number, max: number): number {
	return Math.min(Math.max(value, min), max);
}
