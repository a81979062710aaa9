/**
 * What a socket may ask. Sockets are strangers: a topic is checked before anything is read for it, and a socket can
 * be in few rooms.
 */
import type { Logger } from 'pino';
import type { Server, Socket } from 'socket.io';
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

/** A page shows one topic; this leaves room for pages of many. */
const MOST_TOPICS = 20;
const LONGEST_SESSION_ID = 300;

/** What sockets are served from. */
export interface SocketSource {
	/** A socket is about to join the topic's room. */
	enter(topic: Topic): void;
	snapshot(topic: Topic): Promise<Snapshot<TopicState>>;
	trouble(): Trouble | null;
	log: Pick<Logger, 'warn'>;
}

/** Answers all sockets of this server, those that are connected already too. */
export function serveSockets(io: Server<ClientToServer, ServerToClient>, source: SocketSource): void {
	for (const socket of io.of('/').sockets.values()) serveSocket(socket, source);
	io.on('connection', (socket) => {
		serveSocket(socket, source);
	});
}

function serveSocket(socket: Socket<ClientToServer, ServerToClient>, source: SocketSource): void {
	/** Snapshots that are being read for it: who joins and leaves in a loop must not fill the database's queue. */
	let reading = 0;
	const tellTrouble = () => {
		const trouble = source.trouble();
		if (trouble) socket.emit('trouble', trouble);
	};
	tellTrouble();
	// The types are a promise of our own client; others send what they like.
	socket.on('subscribe', (asked: unknown, answer: unknown) => {
		if (typeof answer !== 'function') return;
		const reply = (value: unknown) => void Reflect.apply(answer, undefined, [value]);
		const topic = topicOf(asked);
		if (topic === null) {
			reply({ error: 'There is no such topic.' });
			return;
		}
		// Every socket is in a room of its own as well.
		if (reading >= MOST_TOPICS || (!socket.rooms.has(topic) && socket.rooms.size > MOST_TOPICS)) {
			reply({ error: `No more than ${MOST_TOPICS} topics at once.` });
			return;
		}
		source.enter(topic);
		void socket.join(topic);
		reading++;
		source.snapshot(topic).then(
			(snapshot) => {
				reading--;
				reply(snapshot);
				// A snapshot clears the trouble on a screen; it was read, but nothing will follow it.
				tellTrouble();
			},
			(error: unknown) => {
				reading--;
				source.log.warn({ err: error, topic }, 'a snapshot cannot be read');
				reply({ error: 'The database cannot be read now.' });
			}
		);
	});
	socket.on('unsubscribe', (asked: unknown) => {
		const topic = topicOf(asked);
		if (topic !== null) void socket.leave(topic);
	});
	socket.on('clock', (answer: unknown) => {
		if (typeof answer === 'function') Reflect.apply(answer, undefined, [Date.now()]);
	});
}

/** The topic that was asked for; null when it is none. A NUL can't be in the database, and would fail each read. */
function topicOf(asked: unknown): Topic | null {
	if (typeof asked !== 'string') return null;
	if (asked === CONTROL_ROOM || asked === CHANGES) return asked;
	const sessionId = sessionOfTopic(asked);
	if (sessionId === null || sessionId.length > LONGEST_SESSION_ID || sessionId.includes('\0')) return null;
	return `session:${sessionId}`;
}
