/**
 * The Socket.IO server, without what it is attached to. WebSocket only: long polling on uWebSockets.js has crashed
 * others, and every browser that can show the screens has WebSockets.
 */
import { Server, type ServerOptions } from 'socket.io';
import type { ClientToServer, ServerToClient } from '../../live/messages';
import { isForeign, isLoopback } from './origin';

/** Makes a server that refuses handshakes of other sites' pages: `cors` would not, it does not hold for WebSockets. */
export function createSockets(
	publicOrigins: readonly string[],
	options: Partial<ServerOptions> = {}
): Server<ClientToServer, ServerToClient> {
	return new Server<ClientToServer, ServerToClient>({
		transports: ['websocket'],
		allowUpgrades: false,
		serveClient: false,
		// Clients only name topics.
		maxHttpBufferSize: 16 * 1024,
		pingInterval: 10_000,
		pingTimeout: 10_000,
		// Answers in the same turn: on uWebSockets.js the request is gone after it.
		allowRequest: (request, answer) => {
			const { origin, host } = request.headers;
			// Other programs send no Origin. They are welcome from this machine, where they could read all anyway.
			const welcome = origin ? !isForeign(origin, host, publicOrigins) : isLoopback(addressOf(request));
			answer(welcome ? null : 'This origin may not connect.', welcome);
		},
		...options
	});
}

/** uWebSockets.js' request has a `connection` with an address, and no socket. */
function addressOf(request: { connection?: { remoteAddress?: string | undefined } }): string {
	return request.connection?.remoteAddress ?? '';
}
