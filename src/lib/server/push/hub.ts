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
	type ChangesState,
	type ClientToServer,
	type CONTROL_ROOM,
	type ServerToClient,
	type Snapshot,
	type Topic,
	type TopicState,
	type Trouble,
	type WallState
} from '../../live/messages';
import type { Reader } from '../read/index';
import { WHOLE, type View } from '../read/wall/view';
import type { FeedObserver, Notice } from './feed';
import { Feeds, FIGURES, roomOf } from './feeds';
import { Room, type Outlet } from './room';
import { serveSockets, type ServedSockets, type VisitorOf } from './sockets';

/** How often whoever follows single sessions of some shops is looked at again. */
const LOOK_AGAIN_MS = 60_000;

/** Whether commits are heard; if not, since when (milliseconds since 1970) and why. */
export type Hearing = { hearing: true } | { hearing: false; since: number; reason: string };

export interface HubOptions {
	reader: Reader;
	/** The build that screens should run. */
	build: string;
	log: Pick<Logger, 'info' | 'warn'>;
	/** How often it is looked whether the sessions that a viewer of some shops follows still are of these; 1 minute. */
	lookAgainMs?: number;
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
	/**
	 * The state of a topic now, numbered so that a client can go on from it. Rejects when it cannot be read.
	 * @param view what of it; whether a session may be seen at all is decided before
	 */
	snapshot(topic: typeof CONTROL_ROOM, view?: View): Promise<Snapshot<WallState>>;
	snapshot(topic: typeof CHANGES, view?: View): Promise<Snapshot<ChangesState>>;
	snapshot(topic: Topic, view?: View): Promise<Snapshot<TopicState>>;
	/** Serves all sockets of this server. @param visitorOf who is at the other end */
	serve(io: Server<ClientToServer, ServerToClient>, visitorOf: VisitorOf): void;
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
	readonly #feeds: Feeds;
	/** What could not be read the last time: since when, and why. */
	readonly #faults = new Map<string, Trouble>();
	readonly #outlet: Outlet;
	#io: Server<ClientToServer, ServerToClient> | null = null;
	#hearing: Hearing = { hearing: false, since: Date.now(), reason: 'the server is just starting' };
	#updates = 0;
	#lastCycleMs: number | null = null;
	/** Rooms that were made. */
	#rooms = 0;
	#served: ServedSockets[] = [];
	#lookedAgainAt = performance.now();
	#stopped = false;

	constructor(options: HubOptions) {
		this.#options = options;
		this.#outlet = {
			update: (room, message) => {
				this.#updates++;
				this.#io?.to(room).emit('update', message);
			},
			heartbeat: (room, message) => this.#io?.to(room).emit('heartbeat', message),
			subscribers: (room) => this.#io?.of('/').adapter.rooms.get(room)?.size ?? 0
		};
		this.#feeds = new Feeds({
			reader: options.reader,
			room: (topic, name, read) => this.#room(topic, name, read),
			observer: (name) => this.#observer(name),
			onForgotten: (name) => {
				this.#faults.delete(name);
				this.#faults.delete(`${name} ${FIGURES}`);
			}
		});
	}

	snapshot(topic: typeof CONTROL_ROOM, view?: View): Promise<Snapshot<WallState>>;
	snapshot(topic: typeof CHANGES, view?: View): Promise<Snapshot<ChangesState>>;
	snapshot(topic: Topic, view?: View): Promise<Snapshot<TopicState>>;
	snapshot(topic: Topic, view: View = WHOLE): Promise<Snapshot<TopicState>> {
		return this.#feeds.find(topic, view).room.snapshot();
	}

	serve(io: Server<ClientToServer, ServerToClient>, visitorOf: VisitorOf): void {
		this.#io = io;
		this.#served.push(
			serveSockets(io, {
				visitorOf,
				enter: (topic, view) => this.#feeds.enter(topic, view).room.name,
				roomOf,
				snapshot: (topic, view) => this.snapshot(topic, view),
				shopsOf: (sessionIds) => this.#options.reader.shopsOf(sessionIds),
				trouble: () => this.trouble(),
				log: this.#options.log
			})
		);
	}

	notice(notice: Notice): void {
		if (this.#stopped) return;
		this.#feeds.touch(notice);
	}

	resync(): void {
		if (this.#stopped) return;
		for (const feed of this.#feeds.all()) feed.touchAll();
	}

	hear(state: Hearing): void {
		if (this.#stopped) return;
		this.#hearing = state;
		this.#feeds.forgetUnseen();
		this.#lookAgain();
		const trouble = this.trouble();
		if (trouble) {
			this.#io?.emit('trouble', trouble);
			return;
		}
		for (const feed of this.#feeds.all()) {
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
			topics: [...this.#feeds.all()].filter((feed) => !feed.room.isEmpty()).length,
			updates: this.#updates,
			lastCycleMs: this.#lastCycleMs
		};
	}

	stop(): void {
		this.#stopped = true;
		for (const feed of this.#feeds.all()) feed.stop();
	}

	#room<S>(topic: Topic, name: string, read: () => Promise<S | null>): Room<S> {
		const { build } = this.#options;
		// A room that comes back must not count from the beginning again, nor from where it was: nobody listened meanwhile.
		const seq = this.#updates + ++this.#rooms;
		return new Room({ topic, name, epoch: this.#epoch, build, seq, outlet: this.#outlet, read });
	}

	/** @param name a feed's room, and its figures' */
	#observer(name: string): FeedObserver {
		return {
			onFault: (error: unknown) => {
				if (this.#faults.has(name)) return;
				this.#options.log.warn({ err: error, room: name }, 'a change cannot be read; trying again');
				this.#faults.set(name, { since: Date.now(), reason: 'the database cannot be read' });
				const trouble = this.trouble();
				if (trouble) this.#io?.emit('trouble', trouble);
			},
			onDone: (costMs: number) => {
				this.#faults.delete(name);
				if (!name.endsWith(FIGURES) && !name.startsWith(CHANGES)) this.#lastCycleMs = costMs;
			}
		};
	}

	#lookAgain(): void {
		if (performance.now() - this.#lookedAgainAt < (this.#options.lookAgainMs ?? LOOK_AGAIN_MS)) return;
		this.#lookedAgainAt = performance.now();
		for (const served of this.#served) served.lookAgain();
	}
}
