/**
 * The third step: where a shop calls an AI service, this one fills the mark on the canvas. It is told as a request like
 * any other (pending, then its outcome), with a name that says what it is, and a cost that is made up.
 */
import type { EventMap } from '$lib/events/families';
import { fillRows, type Pixels } from './fill';
import type { Mask } from './mask';
import type { Session } from './told.svelte';

/** What an image model asks for such a picture, more or less. */
export const MADE_UP_COST = 0.04;
const SERVICE = { provider: 'demo', model: 'canvas', operation: 'inpaint' } as const;
const ROWS_A_FRAME = 12;

type RequestData = EventMap['ai_request'];

export class Filling {
	result = $state.raw<Pixels | null>(null);
	/** From 0 to 1 while it works, null when it rests. */
	done = $state<number | null>(null);
	regenerations = 0;
	/** How long the latest fill took, in milliseconds. */
	took = $state(0);
	#run = 0;
	/** Tells the outcome of the request that is under way. */
	#end: ((outcome: RequestData) => void) | null = null;
	readonly #session: Session;

	constructor(session: Session) {
		this.#session = session;
	}

	/** Fills what is marked; a frame of the screen for each few rows, or all at once for those who want no motion. */
	async fill(photo: Pixels, mask: Mask, again = false): Promise<void> {
		this.cancel();
		const run = ++this.#run;
		const regeneration = again ? ({ isRegeneration: true, regenerationReason: 'user_requested' } as const) : {};
		if (again) {
			this.regenerations++;
			this.#session.regenerationRequested({ ...SERVICE, reason: 'user_requested' });
		}
		const begun = performance.now();
		const end = this.#begin(regeneration);
		const target: Pixels = { width: photo.width, height: photo.height, data: photo.data.slice() };
		const rows = matchMedia('(prefers-reduced-motion: reduce)').matches ? Infinity : ROWS_A_FRAME;
		this.done = 0;
		for (const done of fillRows(target, mask, run, rows)) {
			this.done = done;
			// Another object, so that what shows it draws it again.
			this.result = { ...target };
			await new Promise(requestAnimationFrame);
			if (run !== this.#run) return;
		}
		this.result = { ...target };
		this.done = null;
		this.took = Math.round(performance.now() - begun);
		end({ status: 'success', costUsd: MADE_UP_COST });
	}

	/** Lets the service fail, as services do: the request that is under way, or one more. */
	fail(errorMessage: string): void {
		this.#end ??= this.#begin({});
		this.#stop(errorMessage);
	}

	/** Ends a fill that is under way. */
	cancel(): void {
		this.#stop('Cancelled by the shopper');
	}

	#stop(errorMessage: string): void {
		this.#run++;
		this.done = null;
		this.#end?.({ status: 'failed', costUsd: 0, errorMessage });
	}

	/** Tells of a request that begins; what it returns tells of its outcome. */
	#begin(more: RequestData): (outcome: RequestData) => void {
		const begun = performance.now();
		const data = { ...SERVICE, ...more, startedAt: Date.now() };
		const requestId = this.#session.aiRequest({ ...data, status: 'pending' });
		const end = (outcome: RequestData): void => {
			const durationMs = Math.round(performance.now() - begun);
			this.#session.aiRequest({ requestId, ...data, completedAt: Date.now(), durationMs, ...outcome });
			this.#end = null;
		};
		this.#end = end;
		return end;
	}
}
