/**
 * The Control Room's feed. Changed sessions and new errors are read and sent at once, the figures a little later but
 * always once more after the last change; all of it only while somebody is looking. After anything may have been missed
 * the whole state is sent to replace what the screens have.
 */
import type { CommitMark, ErrorCard, WallChange, WallState } from '../../live/messages';
import type { WallReader } from '../read/index';
import { newer, type Feed, type FeedObserver, type Notice } from './feed';
import { Repeater } from './repeater';
import { restAfterFigures, restAfterRows } from './resting';
import type { Room } from './room';

/** With more changed sessions than this, the wall as a whole is smaller than they are. */
const MOST_CHANGED = 400;
/** The windows of the figures move on without any event. */
const FIGURES_AGE_MS = 10_000;
const PACE_AGE_MS = 60_000;

/** What has changed since it was last read. */
interface Changes {
	everything: boolean;
	sessions: Set<string>;
	errors: boolean;
	commit: CommitMark | null;
}

const nothing = (): Changes => ({ everything: false, sessions: new Set(), errors: false, commit: null });

export interface WallFeedOptions {
	room: Room<WallState>;
	reader: WallReader;
	/** Whether figures are shown. */
	hasFigures: boolean;
	/** How many such feeds share what pushing may take of the machine. */
	views: () => number;
	observers: { rows: FeedObserver; figures: FeedObserver };
}

export class WallFeed implements Feed {
	readonly room: Room<WallState>;
	readonly #reader: WallReader;
	readonly #hasFigures: boolean;
	readonly #rows: Repeater;
	readonly #figures: Repeater;
	#changes = nothing();
	/** The whole state is being read. */
	#catchingUp = false;
	/** The errors that have been sent, by shop and id; null when that is not known. */
	#sentErrors: Set<string> | null = null;
	#figuresAt = -Infinity;
	#paceAt = -Infinity;

	constructor({ room, reader, hasFigures, views, observers }: WallFeedOptions) {
		this.room = room;
		this.#reader = reader;
		this.#hasFigures = hasFigures;
		const restMs = (costMs: number, bytes: number) => restAfterRows(costMs * views(), bytes * views());
		this.#rows = new Repeater({ run: () => this.#sendRows(), restMs, ...observers.rows });
		this.#figures = new Repeater({ run: () => this.#sendFigures(), restMs: restAfterFigures, ...observers.figures });
	}

	touch(notice: Notice): void {
		if (this.#isUnseen()) return;
		const { commit, at, sessions, errors } = notice;
		if (sessions) for (const id of sessions) this.#changes.sessions.add(id);
		if (!sessions || this.#changes.sessions.size > MOST_CHANGED) this.#changes.everything = true;
		this.#changes.errors ||= errors;
		this.#changes.commit = newer(this.#changes.commit, { id: commit, at });
		// Commits without sessions or errors, of button impressions for instance, change nothing on the wall.
		if (this.#changes.everything || errors || sessions?.length !== 0) this.#rows.touch();
		this.#figures.touch();
	}

	touchAll(): void {
		if (this.#isUnseen()) return;
		this.#changes.everything = true;
		this.#rows.touch();
	}

	beat(): void {
		if (this.#isUnseen()) return;
		if (performance.now() - this.#figuresAt >= FIGURES_AGE_MS) this.#figures.touch();
	}

	isCaughtUp(): boolean {
		return !this.#changes.everything && !this.#catchingUp;
	}

	stop(): void {
		this.#rows.stop();
		this.#figures.stop();
	}

	/** Without screens nothing is read, and what was known to be sent is no longer known. */
	#isUnseen(): boolean {
		if (!this.room.isEmpty()) return false;
		this.#changes = nothing();
		this.#sentErrors = null;
		return true;
	}

	async #sendRows(): Promise<number> {
		if (this.#isUnseen()) return 0;
		const changes = this.#changes;
		this.#changes = nothing();
		try {
			return await (changes.everything ? this.#sendEverything(changes.commit) : this.#sendChanged(changes));
		} catch (error) {
			this.#takeBack(changes);
			throw error;
		}
	}

	async #sendEverything(commit: CommitMark | null): Promise<number> {
		this.#catchingUp = true;
		try {
			const state = await this.#reader.wall();
			this.#sentErrors = new Set(state.errors.map(errorKey));
			this.#figuresAt = this.#paceAt = performance.now();
			const change: WallChange = { ...state, replace: true };
			return this.room.emit(change, commit, state.sessions.length + state.errors.length);
		} finally {
			this.#catchingUp = false;
		}
	}

	async #sendChanged({ sessions, errors, commit }: Changes): Promise<number> {
		const [cards, latest] = await Promise.all([
			this.#reader.cards([...sessions]),
			errors ? this.#reader.errors() : Promise.resolve([])
		]);
		const change: WallChange = {};
		if (cards.length > 0) change.sessions = cards;
		const unsent = latest.filter((error) => !this.#sentErrors?.has(errorKey(error)));
		if (errors) this.#sentErrors = new Set(latest.map(errorKey));
		if (unsent.length > 0) change.errors = unsent;
		if (!change.sessions && !change.errors) return 0;
		return this.room.emit(change, commit, cards.length + unsent.length);
	}

	async #sendFigures(): Promise<number> {
		if (this.#isUnseen()) return 0;
		const paceIsOld = performance.now() - this.#paceAt >= PACE_AGE_MS;
		const change: WallChange = {};
		if (this.#hasFigures) change.figures = await this.#reader.figures();
		if (paceIsOld) change.pace = await this.#reader.pace();
		this.#figuresAt = performance.now();
		if (paceIsOld) this.#paceAt = this.#figuresAt;
		else if (!this.#hasFigures) return 0;
		// Without the commit: figures wait on purpose, and the screens measure how quick the rows are.
		return this.room.emit(change, null);
	}

	#takeBack(changes: Changes): void {
		for (const id of changes.sessions) this.#changes.sessions.add(id);
		this.#changes.everything ||= changes.everything;
		this.#changes.errors ||= changes.errors;
		if (changes.commit) this.#changes.commit = newer(this.#changes.commit, changes.commit);
	}
}

function errorKey(error: ErrorCard): string {
	return `${error.shop ?? ''} ${error.id}`;
}
