/**
 * Token buckets: how often each of many may do something. A bucket is full until somebody is seen, and is forgotten once it
 * is full again, so that the memory is bounded by those who were busy lately.
 */

export interface BucketOptions {
	/** Tokens that come back each second. */
	perSecond: number;
	/** Tokens of a full bucket. */
	burst: number;
	/** Buckets that are remembered at most; with more, those seen longest ago are forgotten. */
	most?: number;
	/** Milliseconds. */
	clock?: () => number;
}

interface Bucket {
	tokens: number;
	at: number;
}

const MOST = 50_000;

export class Buckets {
	readonly #perMs: number;
	readonly #burst: number;
	readonly #most: number;
	readonly #clock: () => number;
	/** The one seen last is last. */
	readonly #buckets = new Map<string, Bucket>();

	constructor({ perSecond, burst, most = MOST, clock = () => performance.now() }: BucketOptions) {
		this.#perMs = perSecond / 1000;
		this.#burst = burst;
		this.#most = most;
		this.#clock = clock;
	}

	/** Takes tokens from the bucket of a key. @returns 0, or the whole seconds after which it is worth trying again */
	take(key: string, tokens = 1): number {
		const now = this.#clock();
		const known = this.#buckets.get(key);
		const left = known ? Math.min(this.#burst, known.tokens + (now - known.at) * this.#perMs) : this.#burst;
		const isEnough = left >= Math.min(tokens, this.#burst);
		this.#buckets.delete(key);
		// More than a bucket holds is let through once it is full, and owed.
		this.#buckets.set(key, { tokens: isEnough ? left - tokens : left, at: now });
		this.#forget(now);
		if (isEnough) return 0;
		return Math.max(1, Math.ceil((Math.min(tokens, this.#burst) - left) / this.#perMs / 1000));
	}

	get size(): number {
		return this.#buckets.size;
	}

	#forget(now: number): void {
		for (const [key, { tokens, at }] of this.#buckets) {
			const isFull = tokens + (now - at) * this.#perMs >= this.#burst;
			if (!isFull && this.#buckets.size <= this.#most) return;
			this.#buckets.delete(key);
		}
	}
}
