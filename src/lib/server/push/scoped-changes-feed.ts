/**
 * "Something changed" for whoever sees some shops alone: told only when an event of theirs was counted or a session of
 * theirs changed, without saying which, and without the number of a commit, which counts everybody's. A commit of more
 * sessions than its notice can name is told to all. One small read for all commits of half a second, whoever looks.
 */
import type { Changes, ChangesState } from '../../live/messages';
import type { Reader } from '../read/index';
import type { Feed, FeedObserver, Notice } from './feed';
import { Repeater } from './repeater';
import type { Room } from './room';

const REST_MS = 500;
/** With more sessions to look for, they are looked at as if they were theirs. */
const MOST_SESSIONS = 2_000;
/** Something, and no more than that. */
const LOOK_AGAIN: Changes = { sessions: true, errors: true };

export class ScopedChangesFeed implements Feed {
	readonly room: Room<ChangesState>;
	readonly #reader: Pick<Reader, 'signs'>;
	readonly #shops: readonly string[];
	readonly #repeater: Repeater;
	#sessions = new Set<string>();
	/** It is told whatever the sign says. */
	#isCertain = false;
	/** What may have been missed is being told. */
	#catchingUp = false;
	/** The events that were counted the last time; null before the first. */
	#events: string | null = null;

	/** @param makeRoom makes the topic's room from what reads its state */
	constructor(
		makeRoom: (read: () => Promise<ChangesState>) => Room<ChangesState>,
		shops: readonly string[],
		reader: Pick<Reader, 'signs'>,
		observer: FeedObserver
	) {
		this.#shops = shops;
		this.#reader = reader;
		this.room = makeRoom(() => this.#state());
		this.#repeater = new Repeater({ run: () => this.#tell(), restMs: () => REST_MS, ...observer });
	}

	touch({ sessions }: Notice): void {
		for (const id of sessions ?? []) this.#sessions.add(id);
		this.#isCertain ||= sessions === null || this.#sessions.size > MOST_SESSIONS;
		this.#repeater.touch();
	}

	touchAll(): void {
		this.#isCertain = true;
		this.#repeater.touch();
	}

	beat(): void {
		// As with everybody's changes: each heartbeat tells the pages that time has passed.
	}

	isCaughtUp(): boolean {
		return !this.#isCertain && !this.#catchingUp;
	}

	stop(): void {
		this.#repeater.stop();
	}

	/** What a page reads after this is compared with: it has at least as many events. */
	async #state(): Promise<ChangesState> {
		if (this.#events === null) {
			const { events } = await this.#reader.signs(this.#shops, []);
			this.#events ??= events;
		}
		return { commit: null };
	}

	async #tell(): Promise<number> {
		const [sessions, isCertain] = [this.#sessions, this.#isCertain];
		this.#sessions = new Set();
		this.#isCertain = false;
		this.#catchingUp = isCertain;
		try {
			const { events, isTheirs } = await this.#reader.signs(this.#shops, isCertain ? [] : [...sessions]);
			const hasMoved = this.#events !== null && this.#events !== events;
			this.#events = events;
			return isCertain || isTheirs || hasMoved ? this.room.emit(LOOK_AGAIN, null) : 0;
		} catch (error) {
			for (const id of sessions) this.#sessions.add(id);
			this.#isCertain ||= isCertain;
			throw error;
		} finally {
			this.#catchingUp = false;
		}
	}
}
