/**
 * Every stage of an event's way, in order, made once. main.ts makes it in production, the Vite plugin in dev, tests
 * make their own; SvelteKit reaches it through `platform` because its bundle has its own copy of every module.
 */
import type { Server } from 'socket.io';
import type { ClientToServer, ServerToClient, Snapshot, SessionStory, Topic, WallState } from '../live/messages';
import type { ApiRoute } from './http/exchange';

/** Whether the process can do its work, and why not. */
export interface Readiness {
	ready: boolean;
	/** One line a fault; empty when ready. */
	reasons: string[];
}

export interface Pipeline {
	/** POST /api/analytics/events and its relatives. */
	routes: ApiRoute[];
	/** The state of a topic now, numbered so that a client can go on from it. */
	snapshot(topic: 'control-room'): Promise<Snapshot<WallState>>;
	snapshot(topic: Topic): Promise<Snapshot<WallState | SessionStory>>;
	/** Can it commit, and does it hear notifications? */
	readiness(): Promise<Readiness>;
	/** Serves topics on this Socket.IO server until stop(). */
	serveSockets(io: Server<ClientToServer, ServerToClient>): void;
	/** Answers what was accepted, then ends everything; the database last. */
	stop(): Promise<void>;
}
