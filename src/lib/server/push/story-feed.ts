/**
 * The feed of one session: its story with the events of the commits that changed it, or, after anything may have been
 * missed, with its latest events.
 */
import type { CommitMark, SessionStory } from '../../live/messages';
import type { Reader } from '../read/index';
import { newer, type Feed, type FeedObserver, type Notice } from './feed';
import { Repeater } from './repeater';
import { restAfterRows } from './resting';
import type { Room } from './room';

/** With more commits than this to look for, the latest events are the simpler question. */
const MOST_COMMITS = 100;

export class StoryFeed implements Feed {
	readonly room: Room<SessionStory>;
	readonly #reader: Pick<Reader, 'story' | 'storySince'>;
	readonly #sessionId: string;
	readonly #repeater: Repeater;
	#everything = false;
	#commits = new Set<string>();
	#commit: CommitMark | null = null;
	/** The latest events are being read. */
	#catchingUp = false;

	constructor(
		room: Room<SessionStory>,
		sessionId: string,
		reader: Pick<Reader, 'story' | 'storySince'>,
		{ onFault, onDone }: FeedObserver
	) {
		this.room = room;
		this.#sessionId = sessionId;
		this.#reader = reader;
		this.#repeater = new Repeater({ run: () => this.#send(), restMs: restAfterRows, onFault, onDone });
	}

	touch({ commit, at, sessions }: Notice): void {
		if (!sessions) this.#everything = true;
		this.#commits.add(commit);
		this.#commit = newer(this.#commit, { id: commit, at });
		this.#repeater.touch();
	}

	touchAll(): void {
		this.#everything = true;
		this.#repeater.touch();
	}

	beat(): void {
		// Nothing in a session's story changes by the mere passing of time.
	}

	isCaughtUp(): boolean {
		return !this.#everything && !this.#catchingUp;
	}

	stop(): void {
		this.#repeater.stop();
	}

	async #send(): Promise<number> {
		const [everything, commits, commit] = [this.#everything, this.#commits, this.#commit];
		this.#everything = false;
		this.#commits = new Set();
		this.#commit = null;
		if (this.room.isEmpty()) return 0;
		const whole = everything || commits.size > MOST_COMMITS;
		this.#catchingUp = whole;
		try {
			const story = whole
				? await this.#reader.story(this.#sessionId)
				: await this.#reader.storySince(this.#sessionId, [...commits]);
			if (!story) return 0;
			const { steps, aiRequests, errors, events } = story;
			return this.room.emit(story, commit, 2 + steps.length + aiRequests.length + errors.length + events.length);
		} catch (error) {
			this.#everything ||= everything;
			for (const id of commits) this.#commits.add(id);
			if (commit) this.#commit = newer(this.#commit, commit);
			throw error;
		} finally {
			this.#catchingUp = false;
		}
	}
}
