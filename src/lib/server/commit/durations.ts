/** How long the latest of something took. Adding costs nothing that a hot path would feel; what it says is worked out when asked. */

export interface DurationStats {
	/** How many were measured. */
	count: number;
	/** Milliseconds within which half of them, and 95 of 100, were done. */
	p50: number;
	p95: number;
}

export class Durations {
	readonly #ring: Float64Array;
	#added = 0;

	/** @param most how many are remembered */
	constructor(most: number) {
		this.#ring = new Float64Array(most);
	}

	add(ms: number): void {
		this.#ring[this.#added++ % this.#ring.length] = ms;
	}

	/** Null before the first. */
	stats(): DurationStats | null {
		const count = Math.min(this.#added, this.#ring.length);
		if (count === 0) return null;
		const sorted = this.#ring.slice(0, count).sort();
		const within = (share: number) => sorted[Math.ceil(share * count) - 1] ?? 0;
		return { count, p50: within(0.5), p95: within(0.95) };
	}
}
