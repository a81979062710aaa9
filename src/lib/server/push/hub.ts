/**
 * Where notices of commits become updates on screens. It guarantees that one change is read once, whatever the number
 * of screens; that nothing is read that nobody looks at; and that a heartbeat is only sent while commits are heard and
 * the database answers, so that a screen which gets heartbeats may call itself up to date.
 */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Server } from 'socket.io';
import {
	CHANGES,
	CONTROL_ROOM,
	sessionOfTopic,
	sessionTopic,
	type ChangesState,
	type ClientToServer,
	type ServerToClient,
	type Snapshot,
	type Topic,
	type TopicState,
	type Trouble,
	type WallState
} from '../../live/messages';
import type { Reader } from '../read/index';
import { ChangesFeed } from './changes-feed';
import type { Feed, FeedObserver, Notice } from './feed';
import { Room, type Outlet } from './room';
import { serveSockets } from './sockets';
import { StoryFeed } from './story-feed';
import { WallFeed } from './wall-feed';

/** The figures are read apart from the rows of the Control Room, and can fail apart from them. */
const FIGURES = 'figures';

/** Topics that are there whether somebody looks or not: the Control Room, and that anything changed. */
const LASTING = 2;

/** Whether commits are heard; if not, since when (milliseconds since 1970) and why. */
export type Hearing = { hearing: true } | { hearing: false; since: number; reason: string };

export interface HubOptions {
	reader: Reader;
	/** The build that screens should run. */
	build: string;
	log: Pick<Logger, 'info' | 'warn'>;
}

/** What the hub has done. */
export interface HubStats {
	/** Sockets that are connected. */
	screens: number;
	/** Topics that somebody looks at. */
	topics: number;
	/** Updates sent since the start, each counted once for all its screens. */
	updates: number;
	/** Milliseconds that the last change of rows took, from reading it to handing it to the sockets. */
	lastCycleMs: number | null;
}

export interface Hub {
	/** The state of a topic now, numbered so that a client can go on from it. Rejects when it cannot be read. */
	snapshot(topic: typeof CONTROL_ROOM): Promise<Snapshot<WallState>>;
	snapshot(topic: typeof CHANGES): Promise<Snapshot<ChangesState>>;
	snapshot(topic: Topic): Promise<Snapshot<TopicState>>;
	/** Serves all sockets of this server. */
	serve(io: Server<ClientToServer, ServerToClient>): void;
	/** A commit was heard. */
	notice(notice: Notice): void;
	/** Something may have been missed. */
	resync(): void;
	/** What the listener says of itself, at each of its heartbeats: heartbeats to the screens follow from it. */
	hear(state: Hearing): void;
	/** Why screens are told not to trust what they show; null when all is well. */
	trouble(): Trouble | null;
	stats(): HubStats;
	/** Reads and sends no more. The sockets stay. */
	stop(): void;
}

export function createHub(options: HubOptions): Hub {
	return new TopicHub(options);
}

class TopicHub implements Hub {
	readonly #options: HubOptions;
	readonly #epoch = randomBytes(9).toString('base64url');
	readonly #wall: WallFeed;
	readonly #changes: ChangesFeed;
	/** The feeds that have, or lately had, screens. */
	readonly #feeds = new Map<string, Feed>();
	/** What could not be read the last time: since when, and why. */
	readonly #faults = new Map<string, Trouble>();
	readonly #outlet: Outlet;
	#io: Server<ClientToServer, ServerToClient> | null = null;
	#hearing: Hearing = { hearing: false, since: Date.now(), reason: 'the server is just starting' };
	#updates = 0;
	#lastCycleMs: number | null = null;
	#stopped = false;

	constructor(options: HubOptions) {
		this.#options = options;
		this.#outlet = {
			update: (topic, message) => {
				this.#updates++;
				this.#io?.to(topic).emit('update', message);
			},
			heartbeat: (topic, message) => this.#io?.to(topic).emit('heartbeat', message),
			subscribers: (topic) => this.#io?.of('/').adapter.rooms.get(topic)?.size ?? 0
		};
		const room = this.#room(CONTROL_ROOM, () => options.reader.wall());
		this.#wall = new WallFeed(room, options.reader, {
			rows: this.#observer(CONTROL_ROOM),
			figures: this.#observer(FIGURES)
		});
		this.#changes = new ChangesFeed((read) => this.#room(CHANGES, read), this.#observer(CHANGES));
		this.#feeds.set(CONTROL_ROOM, this.#wall);
		this.#feeds.set(CHANGES, this.#changes);
	}

	snapshot(topic: typeof CONTROL_ROOM): Promise<Snapshot<WallState>>;
	snapshot(topic: typeof CHANGES): Promise<Snapshot<ChangesState>>;
	snapshot(topic: Topic): Promise<Snapshot<TopicState>>;
	snapshot(topic: Topic): Promise<Snapshot<TopicState>> {
		return (this.#feeds.get(topic) ?? this.#make(topic)).room.snapshot();
	}

	serve(io: Server<ClientToServer, ServerToClient>): void {
		this.#io = io;
		serveSockets(io, {
			enter: (topic) => {
				if (!this.#feeds.has(topic)) this.#feeds.set(topic, this.#make(topic));
			},
			snapshot: (topic) => this.snapshot(topic),
			trouble: () => this.trouble(),
			log: this.#options.log
		});
	}

	notice(notice: Notice): void {
		if (this.#stopped) return;
		if (notice.sessions === null) {
			for (const feed of this.#feeds.values()) feed.touch(notice);
			return;
		}
		this.#wall.touch(notice);
		this.#changes.touch(notice);
		if (this.#feeds.size === LASTING) return;
		for (const id of notice.sessions) this.#feeds.get(sessionTopic(id))?.touch(notice);
	}

	resync(): void {
		if (this.#stopped) return;
		for (const feed of this.#feeds.values()) feed.touchAll();
	}

	hear(state: Hearing): void {
		if (this.#stopped) return;
		this.#hearing = state;
		this.#forgetUnseen();
		const trouble = this.trouble();
		if (trouble) {
			this.#io?.emit('trouble', trouble);
			return;
		}
		for (const feed of this.#feeds.values()) {
			feed.beat();
			if (!feed.room.isEmpty() && feed.isCaughtUp()) feed.room.heartbeat();
		}
	}

	trouble(): Trouble | null {
		if (!this.#hearing.hearing) return { since: this.#hearing.since, reason: this.#hearing.reason };
		const [fault] = this.#faults.values();
		return fault ?? null;
	}

	stats(): HubStats {
		return {
			screens: this.#io?.of('/').sockets.size ?? 0,
			topics: [...this.#feeds.values()].filter((feed) => !feed.room.isEmpty()).length,
			updates: this.#updates,
			lastCycleMs: this.#lastCycleMs
		};
	}

	stop(): void {
		this.#stopped = true;
		for (const feed of this.#feeds.values()) feed.stop();
	}

	#make(topic: Topic): Feed {
		const { reader } = this.#options;
		const sessionId = sessionOfTopic(topic);
		if (sessionId === null) return topic === CHANGES ? this.#changes : this.#wall;
		const room = this.#room(topic, () => reader.story(sessionId));
		return new StoryFeed(room, sessionId, reader, this.#observer(topic));
	}

	#room<S>(topic: Topic, read: () => Promise<S | null>): Room<S> {
		const { build } = this.#options;
		// A topic that comes back must not count from the beginning again: no topic has had more updates than all together.
		return new Room({ topic, epoch: this.#epoch, build, seq: this.#updates, outlet: this.#outlet, read });
	}

	#observer(topic: string): FeedObserver {
		return {
			onFault: (error: unknown) => {
				if (this.#faults.has(topic)) return;
				this.#options.log.warn({ err: error, topic }, 'a change cannot be read; trying again');
				this.#faults.set(topic, { since: Date.now(), reason: 'the database cannot be read' });
				const trouble = this.trouble();
				if (trouble) this.#io?.emit('trouble', trouble);
			},
			onDone: (costMs: number) => {
				this.#faults.delete(topic);
				if (topic !== FIGURES && topic !== CHANGES) this.#lastCycleMs = costMs;
			}
		};
	}

	/** Sessions that nobody looks at any more. What is not one session stays. */
	#forgetUnseen(): void {
		for (const [topic, feed] of this.#feeds) {
			if (sessionOfTopic(topic) === null || !feed.room.isEmpty()) continue;
			feed.stop();
			this.#feeds.delete(topic);
			this.#faults.delete(feed.room.topic);
		}
	}
}
