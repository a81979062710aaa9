/**
 * The state of a topic as its messages come: from snapshots and numbered updates, whatever is lost, repeated or late.
 * It never mixes: either every update up to the position is in the state, or it says that a snapshot is needed.
 */
import type { Heartbeat, Snapshot, Update } from './messages';
import { judgeHeartbeat, judgeUpdate, type Position } from './sequence';

/** Updates that may wait for a snapshot; when more come, the hole shows afterwards, and another one is asked for. */
const WAITING_KEPT = 200;

/** How changes of a topic become state. */
export interface Rules<S, C> {
	/** The state after a change: pure, and a merge by versions. */
	apply: (state: S, change: C) => S;
	/** The state from a first change of a topic that had none; null when it takes a snapshot. */
	begin: (change: C) => S | null;
}

/** What became of a message. resync: ask for a snapshot. */
export type Outcome = 'applied' | 'ignored' | 'waiting' | 'resync';

export class Following<S, C> {
	/** The state; null when the topic has none (yet). Replaced as a whole, never changed. */
	state: S | null;
	#rules: Rules<S, C>;
	#position: Position | null = null;
	/** Updates that came while a snapshot was on its way; null when none is. */
	#waiting: Update<C>[] | null = null;

	constructor(rules: Rules<S, C>, state: S | null) {
		this.#rules = rules;
		this.state = state;
	}

	/** Is a snapshot on its way? */
	get isWaiting(): boolean {
		return this.#waiting !== null;
	}

	/** A snapshot has been asked for: updates wait for it, because it may be older or newer than they are. */
	wait(): void {
		this.#waiting = [];
	}

	/** The snapshot will not come. */
	giveUp(): void {
		this.#waiting = null;
	}

	/** Takes in a snapshot, and then what waited for it. */
	snapshot(snapshot: Snapshot<S>): Outcome {
		const waiting = this.#waiting ?? [];
		this.#waiting = null;
		this.#position = { epoch: snapshot.epoch, seq: snapshot.seq };
		this.state = snapshot.state;
		for (const message of waiting) if (this.update(message) === 'resync') return 'resync';
		return 'applied';
	}

	/** Takes in an update, if it is the next one. */
	update(message: Update<C>): Outcome {
		if (this.#waiting) {
			if (this.#waiting.length < WAITING_KEPT) this.#waiting.push(message);
			return 'waiting';
		}
		const verdict = judgeUpdate(this.#position, message);
		if (verdict !== 'apply') return verdict === 'ignore' ? 'ignored' : 'resync';
		const { apply, begin } = this.#rules;
		const next = this.state === null ? begin(message.change) : apply(this.state, message.change);
		if (next === null) return 'resync';
		this.#position = { epoch: message.epoch, seq: message.seq };
		this.state = next;
		return 'applied';
	}

	/** Learns from a heartbeat whether the last update has come. */
	heartbeat(message: Heartbeat): Outcome {
		if (this.#waiting) return 'waiting';
		return judgeHeartbeat(this.#position, message) === 'resync' ? 'resync' : 'ignored';
	}
}
