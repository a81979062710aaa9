/**
 * What a socket may ask. Sockets are strangers: a topic is checked before anything is read for it, a socket can be in few
 * rooms and ask so much a second, and what it hears is what its visitor may see. That holds for as long as it is connected:
 * whose rights change is cut off (see access/sockets.ts), and whose session is no longer of their shops as well.
 */
import type { Logger } from 'pino';
import type { Server, Socket } from 'socket.io';
import { Buckets } from '../access/buckets';
import { may, sees, type Visitor } from '../access/visitor';
import {
	CHANGES,
	CONTROL_ROOM,
	sessionOfTopic,
	type ClientToServer,
	type ServerToClient,
	type Snapshot,
	type Topic,
	type TopicState,
	type Trouble
} from '../../live/messages';
import type { View } from '../read/wall/view';

/** A page shows one topic; this leaves room for pages of many. */
const MOST_TOPICS = 20;
const LONGEST_SESSION_ID = 300;
/** Of one login or display, with all its sockets. A page with all its topics, opened anew every few seconds, stays far below. */
const QUESTIONS = { perSecond: 50, burst: 1_000 };
const NOT_YOURS = 'You may not see this.';

/** Who is at the other end of a socket. */
export type VisitorOf = (socket: Pick<Socket, 'data'>) => Visitor;

/** What sockets are served from. */
export interface SocketSource {
	visitorOf: VisitorOf;
	/** A socket is about to join this room of the topic. */
	enter(topic: Topic, view: View): string;
	/** The name of the room. */
	roomOf(topic: Topic, view: View): string;
	snapshot(topic: Topic, view: View): Promise<Snapshot<TopicState>>;
	/** The shops of sessions; those that do not exist are left out. */
	shopsOf: (sessionIds: string[]) => Promise<Map<string, string | null>>;
	trouble(): Trouble | null;
	log: Pick<Logger, 'warn'>;
}

export interface ServedSockets {
	/** Cuts off those who follow a session that is not, or no longer, of the shops that they see. */
	lookAgain(): void;
}

type Served = Socket<ClientToServer, ServerToClient>;

/** The topics whose rooms a socket is in, or will be when it is known that it may. */
const followedBy = new WeakMap<Served, Set<Topic>>();

/** Answers all sockets of this server, those that are connected already too. */
export function serveSockets(io: Server<ClientToServer, ServerToClient>, source: SocketSource): ServedSockets {
	const questions = new Buckets(QUESTIONS);
	for (const socket of io.of('/').sockets.values()) serveSocket(socket, source, questions);
	io.on('connection', (socket) => {
		serveSocket(socket, source, questions);
	});
	return {
		lookAgain() {
			lookAgain([...io.of('/').sockets.values()], source).catch((error: unknown) => {
				source.log.warn({ err: error }, 'whose sessions are followed could not be looked up again');
			});
		}
	};
}

function serveSocket(socket: Served, source: SocketSource, questions: Buckets): void {
	/** Snapshots that are being read for it: who joins and leaves in a loop must not fill the database's queue. */
	let reading = 0;
	const followed = new Set<Topic>();
	followedBy.set(socket, followed);
	const visitor = source.visitorOf(socket);
	// Whoever is at the machine itself has no login: there each socket counts by itself.
	const asker = `${visitor.kind} ${visitor.login ?? socket.id}`;
	const waitSeconds = () => questions.take(asker);
	const tellTrouble = () => {
		const trouble = source.trouble();
		if (trouble) socket.emit('trouble', trouble);
	};
	const subscribe = async (topic: Topic): Promise<Snapshot<TopicState> | { error: string }> => {
		if (reading >= MOST_TOPICS || (!followed.has(topic) && followed.size >= MOST_TOPICS))
			return { error: `No more than ${MOST_TOPICS} topics at once.` };
		reading++;
		followed.add(topic);
		try {
			if (!(await mayFollow(visitor, topic, source))) {
				followed.delete(topic);
				return { error: NOT_YOURS };
			}
			// It may have been left while that was looked up.
			if (!socket.connected || !followed.has(topic)) return { error: 'It was left.' };
			void socket.join(source.enter(topic, visitor));
			return await source.snapshot(topic, visitor);
		} catch (error) {
			source.log.warn({ err: error, topic }, 'a snapshot cannot be read');
			return { error: 'The database cannot be read now.' };
		} finally {
			reading--;
		}
	};
	tellTrouble();
	// The types are a promise of our own client; others send what they like.
	socket.on('subscribe', (asked: unknown, answer: unknown) => {
		if (typeof answer !== 'function') return;
		const reply = (value: unknown) => void Reflect.apply(answer, undefined, [value]);
		const topic = topicOf(asked);
		const wait = waitSeconds();
		if (wait > 0) reply({ error: `That is too often. Ask again in ${wait} s.` });
		else if (topic === null) reply({ error: 'There is no such topic.' });
		else if (!mayHear(visitor, topic)) reply({ error: NOT_YOURS });
		else
			void subscribe(topic).then((answered) => {
				reply(answered);
				// A snapshot clears the trouble on a screen; it was read, but nothing will follow it.
				if (!('error' in answered)) tellTrouble();
			});
	});
	// Leaving is never refused.
	socket.on('unsubscribe', (asked: unknown) => {
		waitSeconds();
		const topic = topicOf(asked);
		if (topic === null) return;
		followed.delete(topic);
		void socket.leave(source.roomOf(topic, visitor));
	});
	socket.on('clock', (answer: unknown) => {
		if (typeof answer === 'function' && waitSeconds() === 0) Reflect.apply(answer, undefined, [Date.now()]);
	});
}

/** A topic is for whoever may see the page that it belongs to. */
function mayHear(visitor: Visitor, topic: Topic): boolean {
	return may(visitor, topic === CONTROL_ROOM ? { right: 'wall' } : { right: 'view', scope: 'read' });
}

/** A session is for whoever sees its shop. One that does not exist is refused as one that is not theirs. */
async function mayFollow(visitor: Visitor, topic: Topic, { shopsOf }: Pick<SocketSource, 'shopsOf'>): Promise<boolean> {
	const sessionId = sessionOfTopic(topic);
	if (sessionId === null || visitor.shops === null) return true;
	return sees(visitor, (await shopsOf([sessionId])).get(sessionId) ?? null);
}

async function lookAgain(sockets: readonly Served[], { visitorOf, shopsOf }: SocketSource): Promise<void> {
	const followed = sockets
		.filter((socket) => visitorOf(socket).shops !== null)
		.map((socket) => ({
			socket,
			sessionIds: [...(followedBy.get(socket) ?? [])].flatMap((topic) => sessionOfTopic(topic) ?? [])
		}))
		.filter(({ sessionIds }) => sessionIds.length > 0);
	if (followed.length === 0) return;
	const shops = await shopsOf([...new Set(followed.flatMap(({ sessionIds }) => sessionIds))]);
	for (const { socket, sessionIds } of followed) {
		const isTheirs = (sessionId: string) => sees(visitorOf(socket), shops.get(sessionId) ?? null);
		// It comes again, joins anew, and is refused this one.
		if (!sessionIds.every(isTheirs)) socket.conn.close();
	}
}

/** The topic that was asked for; null when it is none. A NUL can't be in the database, and would fail each read. */
function topicOf(asked: unknown): Topic | null {
	if (typeof asked !== 'string') return null;
	if (asked === CONTROL_ROOM || asked === CHANGES) return asked;
	const sessionId = sessionOfTopic(asked);
	if (sessionId === null || sessionId.length > LONGEST_SESSION_ID || sessionId.includes('\0')) return null;
	return `session:${sessionId}`;
}
