/**
 * The feeds that there are: of the whole Control Room and of all changes always; of a view of them and of a session while
 * somebody looks, and of a view some time longer, so that a page that is just loading finds the feed that it was rendered
 * from. The number of views is that of different rights, not of screens.
 */
import {
	CHANGES,
	CONTROL_ROOM,
	sessionOfTopic,
	type ChangesState,
	type SessionStory,
	type Topic,
	type WallState
} from '../../live/messages';
import type { Reader } from '../read/index';
import { ownStory } from '../read/sessions/own';
import { viewKey, WHOLE, type View } from '../read/wall/view';
import { ChangesFeed } from './changes-feed';
import type { Feed, FeedObserver, Notice } from './feed';
import type { Room } from './room';
import { ScopedChangesFeed } from './scoped-changes-feed';
import { StoryFeed } from './story-feed';
import { WallFeed } from './wall-feed';

/** The figures are read apart from the rows of the Control Room, and can fail apart from them. */
export const FIGURES = 'figures';
/** How long a view is kept that nobody looks at. */
const UNSEEN_MS = 30_000;

export interface FeedsOptions {
	reader: Reader;
	/** Makes a topic's room. */
	room: <S>(topic: Topic, name: string, read: () => Promise<S | null>) => Room<S>;
	observer: (name: string) => FeedObserver;
	/** A feed is no more. */
	onForgotten: (name: string) => void;
}

interface Scoped {
	feed: Feed;
	/** By performance.now(). */
	seenAt: number;
}

/** A session that somebody follows, of all shops or as whoever sees some of them. */
interface Story {
	feed: Feed;
	sessionId: string;
}

/** The room in which screens with these rights follow a topic. Nobody's session is called like a view of one. */
export function roomOf(topic: Topic, view: View): string {
	if (sessionOfTopic(topic) !== null)
		return view.shops === null ? topic : `${viewKey({ shops: view.shops, masked: false })} ${topic}`;
	const ofTopic = topic === CHANGES ? { shops: view.shops, masked: false } : view;
	const isWhole = ofTopic.shops === null && !ofTopic.masked;
	return isWhole ? topic : `${topic} ${viewKey(ofTopic)}`;
}

export class Feeds {
	readonly #options: FeedsOptions;
	readonly #wall: WallFeed;
	readonly #changes: ChangesFeed;
	readonly #scoped = new Map<string, Scoped>();
	/** By room. */
	readonly #stories = new Map<string, Story>();

	constructor(options: FeedsOptions) {
		this.#options = options;
		this.#wall = this.#wallFeed(CONTROL_ROOM, WHOLE);
		this.#changes = new ChangesFeed(
			(read) => options.room<ChangesState>(CHANGES, CHANGES, read),
			options.observer(CHANGES)
		);
	}

	*all(): Iterable<Feed> {
		yield this.#wall;
		yield this.#changes;
		for (const { feed } of this.#scoped.values()) yield feed;
		for (const { feed } of this.#stories.values()) yield feed;
	}

	/** The feed of a topic. That of a session which nobody follows is made for this once. */
	find(topic: Topic, view: View): Feed {
		const sessionId = sessionOfTopic(topic);
		const name = roomOf(topic, view);
		if (sessionId !== null) return this.#stories.get(name)?.feed ?? this.#storyFeed(topic, name, sessionId, view);
		if (name === CONTROL_ROOM) return this.#wall;
		if (name === CHANGES) return this.#changes;
		const known = this.#scoped.get(name);
		const feed = known?.feed ?? this.#scopedFeed(topic, name, view);
		this.#scoped.set(name, { feed, seenAt: performance.now() });
		return feed;
	}

	/** The same, for a screen that is about to follow it. */
	enter(topic: Topic, view: View): Feed {
		const feed = this.find(topic, view);
		const sessionId = sessionOfTopic(topic);
		if (sessionId !== null) this.#stories.set(feed.room.name, { feed, sessionId });
		return feed;
	}

	touch(notice: Notice): void {
		this.#wall.touch(notice);
		this.#changes.touch(notice);
		for (const { feed } of this.#scoped.values()) feed.touch(notice);
		if (this.#stories.size === 0) return;
		const named = notice.sessions && new Set(notice.sessions);
		for (const { feed, sessionId } of this.#stories.values())
			if (named === null || named.has(sessionId)) feed.touch(notice);
	}

	/** Sessions that nobody looks at any more, and views at which nobody has looked for a while. */
	forgetUnseen(): void {
		for (const [name, { feed }] of this.#stories) if (feed.room.isEmpty()) this.#forget(this.#stories, name, feed);
		const now = performance.now();
		for (const [name, scoped] of this.#scoped) {
			if (!scoped.feed.room.isEmpty()) scoped.seenAt = now;
			else if (now - scoped.seenAt > UNSEEN_MS) this.#forget(this.#scoped, name, scoped.feed);
		}
	}

	#forget(from: Map<string, unknown>, name: string, feed: Feed): void {
		feed.stop();
		from.delete(name);
		this.#options.onForgotten(name);
	}

	#scopedFeed(topic: Topic, name: string, view: View): Feed {
		const { reader, room, observer } = this.#options;
		if (topic !== CHANGES) return this.#wallFeed(name, view);
		const makeRoom = (read: () => Promise<ChangesState>) => room<ChangesState>(CHANGES, name, read);
		return new ScopedChangesFeed(makeRoom, view.shops ?? [], reader, observer(name));
	}

	/** All views but the whole one share what pushing may take of the machine. */
	#wallFeed(name: string, view: View): WallFeed {
		const { reader: whole, room, observer } = this.#options;
		const isWhole = name === CONTROL_ROOM;
		const reader = isWhole ? whole : whole.scoped(view);
		return new WallFeed({
			room: room<WallState>(CONTROL_ROOM, name, () => reader.wall()),
			reader,
			hasFigures: !view.masked,
			views: () => (isWhole ? 1 : Math.max(1, this.#scoped.size)),
			observers: { rows: observer(name), figures: observer(isWhole ? FIGURES : `${name} ${FIGURES}`) }
		});
	}

	/** What follows is as the page of the session was: without what names other shops. */
	#storyFeed(topic: Topic, name: string, sessionId: string, { shops }: View): StoryFeed {
		const { reader, room, observer } = this.#options;
		const own = (story: SessionStory | null) => story && ownStory(story, shops);
		const scoped = {
			story: async (id: string) => own(await reader.story(id)),
			storySince: async (id: string, commits: string[]) => own(await reader.storySince(id, commits))
		};
		return new StoryFeed(
			room(topic, name, () => scoped.story(sessionId)),
			sessionId,
			scoped,
			observer(name)
		);
	}
}
