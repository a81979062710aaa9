/**
 * Runs a piece of work whenever there is something to do, and never twice at the same time. Touched while it rests it
 * runs at once; touches during a run make one more run after it. Between two runs it rests in proportion to what the
 * last one cost, so that whatever the load, pushing takes a bounded share of the machine: under little load everything
 * goes out at once, under much load more changes share a run. A run that fails is tried again, and nothing is lost.
 */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';

export interface RepeaterOptions {
	/**
	 * Takes up all that has gathered, and says how many bytes it sent, over all screens. When it rejects, it must have
	 * put back what it took.
	 */
	run: () => Promise<number>;
	/** Milliseconds to rest after a run that cost so many and sent so much. */
	restMs: (costMs: number, bytes: number) => number;
	/** Each failed run. */
	onFault: (error: unknown) => void;
	/** Each run that succeeded. */
	onDone: (costMs: number) => void;
}

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 1_000;

export class Repeater {
	readonly #options: RepeaterOptions;
	#touched = false;
	#running = false;
	#stopped = false;
	#restUntil = 0;
	#failures = 0;
	#timer: NodeJS.Timeout | undefined;

	constructor(options: RepeaterOptions) {
		this.#options = options;
	}

	/** There is something to do. */
	touch(): void {
		this.#touched = true;
		this.#schedule();
	}

	stop(): void {
		this.#stopped = true;
		clearTimeout(this.#timer);
	}

	#schedule(): void {
		if (this.#stopped || this.#running || this.#timer !== undefined) return;
		const waitMs = this.#restUntil - performance.now();
		if (waitMs <= 0) {
			void this.#run();
			return;
		}
		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			void this.#run();
		}, waitMs);
	}

	async #run(): Promise<void> {
		const { run, restMs, onFault, onDone } = this.#options;
		this.#running = true;
		this.#touched = false;
		const began = performance.now();
		try {
			const bytes = await run();
			// What was emitted leaves at the end of the loop's turn and at the beginning of the next: that is part of the cost.
			await turnOfTheLoop();
			await turnOfTheLoop();
			this.#failures = 0;
			const costMs = performance.now() - began;
			this.#restUntil = performance.now() + restMs(costMs, bytes);
			if (!this.#stopped) onDone(costMs);
		} catch (error) {
			this.#touched = true;
			this.#restUntil = performance.now() + Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
			if (!this.#stopped) onFault(error);
		}
		this.#running = false;
		if (this.#touched) this.#schedule();
	}
}
