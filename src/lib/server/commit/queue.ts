/**
 * The requests that wait for a commit: first come, first served, bounded in events and in size, each with a deadline.
 */
import type { Batch } from './rows';

/** What became of a batch. */
export type CommitOutcome =
	| {
			accepted: number;
			duplicates: number;
			/** Events that the database itself would not take; they are kept as rejected. `index` is the place in `batch.events`. */
			refused: { index: number; reason: string }[];
	  }
	| { code: 'queue_full' | 'database_unavailable' | 'shutting_down'; message: string; retryAfterSeconds: number };

export interface Waiting {
	batch: Batch;
	/** Milliseconds since 1970. */
	deadline: number;
	/** Answers it; only the first call counts. */
	settle: (outcome: CommitOutcome) => void;
}

export interface QueueLimits {
	maxEvents: number;
	/** In characters of JSON. */
	maxSize: number;
}

export class Queue {
	#waiting: Waiting[] = [];
	#events = 0;
	#size = 0;

	constructor(private readonly limits: QueueLimits) {}

	get events(): number {
		return this.#events;
	}

	get isEmpty(): boolean {
		return this.#waiting.length === 0;
	}

	/** Takes the request in; false when there is no room. An empty queue has room for any one request. */
	push(request: Waiting): boolean {
		const { events, size } = request.batch;
		const full = this.#events + events.length > this.limits.maxEvents || this.#size + size > this.limits.maxSize;
		if (full && !this.isEmpty) return false;
		this.#waiting.push(request);
		this.#count(request, 1);
		return true;
	}

	/** The next group: whole requests of one source up to the bounds, at least one. */
	take(maxEvents: number, maxSize: number): Waiting[] {
		const source = this.#waiting[0]?.batch.source;
		let events = 0;
		let size = 0;
		let length = 0;
		for (const { batch } of this.#waiting) {
			events += batch.events.length;
			size += batch.size;
			if (length > 0 && (events > maxEvents || size > maxSize || batch.source !== source)) break;
			length++;
		}
		const group = this.#waiting.splice(0, length);
		for (const request of group) this.#count(request, -1);
		return group;
	}

	/** Takes out the requests whose deadline has passed. */
	takeExpired(now: number): Waiting[] {
		const expired = this.#waiting.filter((request) => request.deadline <= now);
		if (expired.length === 0) return expired;
		this.#waiting = this.#waiting.filter((request) => request.deadline > now);
		for (const request of expired) this.#count(request, -1);
		return expired;
	}

	#count(request: Waiting, sign: 1 | -1): void {
		this.#events += sign * request.batch.events.length;
		this.#size += sign * request.batch.size;
	}
}
