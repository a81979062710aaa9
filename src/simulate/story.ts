/**
 * The events of one visit while they are made up: each with its id, its moment, and how long it takes to arrive, in the
 * words of the client that the shop has deployed.
 */
import type { Step } from '../lib/events/vocabulary';
import type { Random } from './random';
import type { ClientKind } from './shops';

export interface PlannedEvent {
	/** Follows from the run's key, the visit and its place in it. Only the SDK sends it. */
	id: string;
	/** Milliseconds since the visit began. No two events of a visit have the same. */
	at: number;
	/** Milliseconds until its client has sent it; the modal's requests overtake each other. */
	delay: number;
	type: string;
	sessionId: string | null;
	data: Record<string, unknown>;
	/** What it says that an AI request has cost, in millionths of a dollar. */
	cost: number;
	/** Its answer gets lost on the way: the older clients send it again. */
	answerLost: boolean;
}

/** Longer than this nobody stays: a live run must know how long its last visit can take. */
export const LONGEST_VISIT_MS = 15 * 60_000;
/** Room for the events that come when all that time is used up, a millisecond apart. */
const LAST_MS = 1_000;

/** Milliseconds, at most, that a client keeps an event before it sends it. */
const LONGEST_DELAY = { sdk: 1_000, batches: 5_000, beacon: 3_000, modal: 900 };
/** The beacon's own event for a step; of the others it sends none. */
const BEACON_STEPS: Partial<Record<Step, string>> = {
	room_capture: 'room_uploaded',
	inpaint: 'variants_generated',
	final: 'variant_selected'
};

export class Story {
	readonly events: PlannedEvent[] = [];
	#at = 0;
	#told = -1;
	#begun = 0;
	#requests = 0;
	#session: string | null = null;

	constructor(
		/** Names the visit, and its session if there is one. */
		private readonly name: string,
		private readonly client: ClientKind,
		private readonly random: Random
	) {}

	/** Milliseconds since the visit began. */
	get at(): number {
		return this.#at;
	}

	wait(ms: number): void {
		this.#at = Math.min(this.#at + Math.round(ms), Math.max(this.#at, LONGEST_VISIT_MS - LAST_MS));
	}

	/** From here on events are those of a session. */
	beginSession(): void {
		this.#session = `sess_${this.name}`;
		this.#begun = this.#at;
	}

	sessionMs(): number {
		return this.#at - this.#begun;
	}

	requestId(): string {
		return `req_${this.name}_${++this.#requests}`;
	}

	tell(type: string, data: Record<string, unknown>, cost = 0): void {
		this.#at = Math.max(this.#at, this.#told + 1);
		this.#told = this.#at;
		this.events.push({
			id: `e_${this.name}_${String(this.events.length).padStart(3, '0')}`,
			at: this.#at,
			delay: this.random.whole(20, LONGEST_DELAY[this.client]),
			type,
			sessionId: this.#session,
			data,
			cost,
			answerLost: this.random.chance(0.01)
		});
	}

	step(step: Step, status: 'started' | 'completed' | 'failed', data: Record<string, unknown> = {}): void {
		if (this.client !== 'beacon') this.tell('step_update', { step, status, ...data });
		else if (status === 'completed' && BEACON_STEPS[step] !== undefined) this.tell(BEACON_STEPS[step], data);
	}
}
