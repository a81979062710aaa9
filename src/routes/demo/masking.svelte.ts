/** The second step: what of the photo is to go. Strokes by pointer or keyboard, and each finished one is told. */
import { emptyMask, share, stroke, type Mask, type Point } from './mask';
import { PHOTO } from './picture';
import type { Session } from './told.svelte';

/** The old armchair of the sample photo, as strokes: what a segmentation service would find. */
const OLD_CHAIR: readonly (readonly [x1: number, y1: number, x2: number, y2: number, radius: number])[] = [
	[446, 362, 510, 362, 74],
	[392, 470, 564, 470, 66],
	[390, 548, 566, 548, 64]
];

export class Masking {
	mask: Mask = emptyMask(PHOTO.width, PHOTO.height);
	/** Changes with each change of the mask, which is too large to be watched itself. */
	version = $state(0);
	radius = $state(34);
	mode = $state<'add' | 'remove'>('add');
	/** Where the keyboard's brush is. */
	cursor = $state<Point>({ x: PHOTO.width / 2, y: PHOTO.height / 2 });
	readonly isEmpty = $derived(this.version >= 0 && share(this.mask) === 0);
	edits = 0;
	#last: Point | null = null;
	#byHand = false;
	#suggested = false;
	readonly #session: Session;

	constructor(session: Session) {
		this.#session = session;
	}

	get method(): 'auto' | 'manual' | 'hybrid' {
		return this.#suggested ? (this.#byHand ? 'hybrid' : 'auto') : 'manual';
	}

	/** A stroke begins, or goes on. */
	drawTo(point: Point): void {
		stroke(this.mask, this.#last ?? point, point, this.radius, this.mode === 'add');
		this.#last = point;
		this.version++;
	}

	/** The pointer was lifted: one edit, however far it went. */
	endStroke(): void {
		if (!this.#last) return;
		this.#last = null;
		this.#byHand = true;
		this.#tell(this.mode);
	}

	moveCursor(dx: number, dy: number): void {
		const within = (value: number, size: number): number => Math.min(Math.max(value, 0), size);
		this.cursor = { x: within(this.cursor.x + dx, PHOTO.width), y: within(this.cursor.y + dy, PHOTO.height) };
	}

	/** Marks at the keyboard's brush. */
	stamp(): void {
		this.drawTo(this.cursor);
		this.endStroke();
	}

	suggest(): void {
		for (const [x1, y1, x2, y2, radius] of OLD_CHAIR) {
			stroke(this.mask, { x: x1, y: y1 }, { x: x2, y: y2 }, radius, true);
		}
		this.#suggested = true;
		this.version++;
		this.#tell('add');
	}

	reset(): void {
		this.clear();
		this.#tell('reset');
	}

	/** For another photo: nothing is told of it. */
	clear(): void {
		this.mask.marked.fill(0);
		this.#byHand = this.#suggested = false;
		this.version++;
	}

	#tell(editType: 'add' | 'remove' | 'reset'): void {
		this.edits++;
		this.#session.userAction('mask_edit', { editType });
	}
}
