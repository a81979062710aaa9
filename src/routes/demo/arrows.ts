/** Which way an arrow key points. */
import type { Point } from './mask';

const WAYS = new Map<string, Point>([
	['ArrowLeft', { x: -1, y: 0 }],
	['ArrowRight', { x: 1, y: 0 }],
	['ArrowUp', { x: 0, y: -1 }],
	['ArrowDown', { x: 0, y: 1 }]
]);

/** The way of an arrow key, one unit long; null for other keys, and for those that are the browser's. */
export function wayOf({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): Point | null {
	return ctrlKey || metaKey || altKey ? null : (WAYS.get(key) ?? null);
}
