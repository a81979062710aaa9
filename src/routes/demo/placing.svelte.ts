/** The fourth step: the product's place. It changes as the hand moves, and is told once the hand rests. */
import { AT_FIRST, move, resize, turn, type Placement } from './placement';
import type { Session } from './told.svelte';

type Adjustment = 'move' | 'scale' | 'rotate';

export class Placing {
	placement = $state.raw<Placement>(AT_FIRST);
	adjustments = 0;
	/** What has changed since it was told last. */
	#untold: Adjustment[] = [];
	readonly #session: Session;

	constructor(session: Session) {
		this.#session = session;
	}

	moveBy(dx: number, dy: number): void {
		this.#set('move', move(this.placement, dx, dy));
	}

	resize(size: number): void {
		this.#set('scale', resize(this.placement, size));
	}

	turn(angle: number): void {
		this.#set('rotate', turn(this.placement, angle));
	}

	#set(adjustment: Adjustment, placement: Placement): void {
		this.placement = placement;
		if (!this.#untold.includes(adjustment)) this.#untold.push(adjustment);
	}

	/** The hand rests: pointer lifted, key released, slider let go. */
	settle(): void {
		for (const adjustType of this.#untold) {
			this.adjustments++;
			this.#session.userAction('placement_adjust', { adjustType });
		}
		this.#untold = [];
	}

	reset(): void {
		this.placement = AT_FIRST;
	}
}
