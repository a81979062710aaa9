/**
 * When a page that shows lists reads them anew. Never twice at once; after the last change always once more; between two
 * reads a rest in proportion to what the last one took, so that a slow list under many changes does not become a load of
 * its own. A page that nobody sees waits, and reads once when it is seen again.
 */
import type { Changes, Millis } from './messages';

export interface ReloadsOptions {
	/** Reads the page anew for all these changes together. A failure is left alone: the next change comes. */
	reload: (changes: Changes) => Promise<void>;
	isHidden: () => boolean;
	/** Milliseconds that only go forward. */
	mono: () => Millis;
	/** Calls back after so many milliseconds; the returned function prevents it. */
	after: (ms: number, callback: () => void) => () => void;
}

const SHORTEST_REST_MS = 250;
const LONGEST_REST_MS = 10_000;
/**
 * A reload may take half of the time: a change that comes just after one began waits for it, for the rest and for its own,
 * so three reloads of a third of a second are a second behind.
 */
const REST_FACTOR = 1;
/** Windows such as "the last 24 hours" move on without any change; the heartbeats show that time has passed. */
const OLD_MS = 60_000;

export class Reloads {
	readonly #options: ReloadsOptions;
	#due: Changes | null = null;
	#running = false;
	#stopped = false;
	#lastBegan: Millis;
	#restUntil: Millis = -Infinity;
	#cancel: (() => void) | null = null;

	constructor(options: ReloadsOptions) {
		this.#options = options;
		this.#lastBegan = options.mono();
	}

	/** Something changed. */
	touch({ sessions, errors }: Changes): void {
		this.#due = { sessions: sessions || !!this.#due?.sessions, errors: errors || !!this.#due?.errors };
		this.#schedule();
	}

	/** All is well on the server, and time has passed. */
	beat(): void {
		if (this.#options.mono() - this.#lastBegan >= OLD_MS) this.touch({ sessions: false, errors: false });
	}

	/** The page is seen again. */
	shown(): void {
		this.#schedule();
	}

	stop(): void {
		this.#stopped = true;
		this.#cancel?.();
	}

	#schedule(): void {
		if (this.#stopped || this.#running || !this.#due || this.#cancel || this.#options.isHidden()) return;
		const waitMs = this.#restUntil - this.#options.mono();
		if (waitMs <= 0) {
			void this.#run(this.#due);
			return;
		}
		this.#cancel = this.#options.after(waitMs, () => {
			this.#cancel = null;
			this.#schedule();
		});
	}

	async #run(changes: Changes): Promise<void> {
		const { reload, mono } = this.#options;
		this.#running = true;
		this.#due = null;
		const began = mono();
		this.#lastBegan = began;
		try {
			await reload(changes);
		} catch {
			// The server went away in the middle; what follows its return reads everything anew.
		}
		this.#running = false;
		const rest = Math.min(LONGEST_REST_MS, Math.max(SHORTEST_REST_MS, REST_FACTOR * (mono() - began)));
		this.#restUntil = mono() + rest;
		this.#schedule();
	}
}
