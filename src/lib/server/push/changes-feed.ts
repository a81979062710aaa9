/**
 * The feed of "something changed": for pages that read their own lists and only need to know when. It reads nothing, so
 * it works while the database is slow, and costs the same whatever is on those pages. What happens within a tenth of a
 * second is told once, and the last change always. It is told to an empty room as well: the number of the topic's last
 * message is how a page that has just been rendered learns whether it was rendered before or after a change.
 */
import type { Changes, ChangesState, CommitMark } from '../../live/messages';
import { newer, type Feed, type FeedObserver, type Notice } from './feed';
import { Repeater } from './repeater';
import type { Room } from './room';

/** Pages rest by themselves: this must not add much to it. */
const REST_MS = 100;

export class ChangesFeed implements Feed {
	readonly room: Room<ChangesState>;
	readonly #repeater: Repeater;
	#commit: CommitMark | null = null;
	#untold: Changes | null = null;

	/** @param makeRoom makes the topic's room from what reads its state */
	constructor(makeRoom: (read: () => Promise<ChangesState>) => Room<ChangesState>, observer: FeedObserver) {
		this.room = makeRoom(() => Promise.resolve({ commit: this.#commit }));
		this.#repeater = new Repeater({ run: () => this.#tell(), restMs: () => REST_MS, ...observer });
	}

	touch({ commit, at, sessions, errors }: Notice): void {
		this.#commit = newer(this.#commit, { id: commit, at });
		this.#add({ sessions: sessions?.length !== 0, errors });
	}

	touchAll(): void {
		this.#add({ sessions: true, errors: true });
	}

	beat(): void {
		// The passing of time is known to the pages: each heartbeat tells them.
	}

	isCaughtUp(): boolean {
		return true;
	}

	stop(): void {
		this.#repeater.stop();
	}

	#add({ sessions, errors }: Changes): void {
		this.#untold = { sessions: sessions || !!this.#untold?.sessions, errors: errors || !!this.#untold?.errors };
		this.#repeater.touch();
	}

	async #tell(): Promise<number> {
		const change = this.#untold;
		this.#untold = null;
		return change ? this.room.emit(change, this.#commit) : 0;
	}
}
