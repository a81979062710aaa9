/**
 * Screens that nobody looks after: each tells now and then that it is there, what it runs and how large it is, and loads
 * its page anew when it is told to. Nobody else's word is taken for a screen's.
 */
import type { Logger } from 'pino';
import type { Server, Socket } from 'socket.io';
import { Buckets } from '../access/buckets';
import { heardOfDisplay, leftDisplay, readSaid } from '../access/displays';
import type { Access } from '../access/index';
import type { ClientToServer, ServerToClient } from '../../live/messages';
import type { VisitorOf } from './sockets';

/** Of one display: it says so once when it connects, and each half minute. */
const HEARTBEATS = { perSecond: 0.2, burst: 5 };

/** Serves the screens among the sockets of this server. @returns how to end that */
export function serveDisplays(
	io: Server<ClientToServer, ServerToClient>,
	access: Pick<Access, 'sql' | 'onReload'>,
	visitorOf: VisitorOf,
	log: Pick<Logger, 'warn'>
): () => void {
	const heartbeats = new Buckets(HEARTBEATS);
	const isOf = (login: string) => (socket: Pick<Socket, 'data'>) => visitorOf(socket).login === login;
	io.on('connection', (socket) => {
		const { kind, login } = visitorOf(socket);
		if (kind !== 'screen' || login === null) return;
		/** The last heartbeat that came by this socket. */
		let beat: Promise<string | null> = Promise.resolve(null);
		// The types are a promise of our own client; others send what they like.
		socket.on('display', (sent: unknown) => {
			const said = readSaid(sent);
			if (said === null || heartbeats.take(login) > 0) return;
			beat = heardOfDisplay(access.sql, login, said).catch((error: unknown) => {
				log.warn({ err: error }, 'the heartbeat of a display could not be stored');
				return null;
			});
		});
		socket.on('disconnect', () => {
			// Another window of the same browser goes on.
			if ([...io.of('/').sockets.values()].some(isOf(login))) return;
			void leave(login, beat).catch((error: unknown) => {
				// It is missed without it, a minute later.
				log.warn({ err: error }, 'that a display has left could not be stored');
			});
		});
	});
	const leave = async (login: string, last: Promise<string | null>): Promise<void> => {
		const heard = await last;
		if (heard !== null) await leftDisplay(access.sql, login, heard);
	};
	return access.onReload((screenId) => {
		for (const socket of io.of('/').sockets.values()) {
			const { kind, id } = visitorOf(socket);
			if (kind === 'screen' && id === screenId) socket.emit('reload');
		}
	});
}
