/**
 * The Socket.IO server, without what it is attached to. WebSocket only: long polling on uWebSockets.js has crashed
 * others, and every browser that can show the screens has WebSockets.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Server, type ServerOptions, type Socket } from 'socket.io';
import type { ClientToServer, ServerToClient } from '../../live/messages';
import { socketLimit } from '../access/limits';
import type { Pipeline } from '../pipeline';
import type { Client, ClientOf } from './client';

/** What a handshake brings with it. */
export interface Handshake extends Client {
	headers: IncomingHttpHeaders;
}

/** Makes a server that refuses handshakes: `cors` would not, it does not hold for WebSockets. */
export function createSockets(
	{ handshakeRefusal }: Pick<Pipeline, 'handshakeRefusal'>,
	clientOf: ClientOf,
	options: Partial<ServerOptions> = {}
): Server<ClientToServer, ServerToClient> {
	const limit = socketLimit();
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
			const handshake = read(addressOf(request), request.headers, clientOf);
			const get = (name: string) => handshake.headers[name]?.toString() ?? null;
			const isTooOften = limit.take({ address: handshake.address, headers: { get } }) > 0;
			const refusal = isTooOften ? 'Too many at once: try again in some seconds.' : handshakeRefusal(handshake);
			answer(refusal, refusal === null);
		},
		...options
	});
}

/** What a socket's handshake brought with it. */
export function handshakeOf({ handshake }: Pick<Socket, 'handshake'>, clientOf: ClientOf): Handshake {
	return read(handshake.address, handshake.headers, clientOf);
}

function read(peer: string, headers: IncomingHttpHeaders, clientOf: ClientOf): Handshake {
	const header = (name: string) => {
		const value = headers[name];
		return value === undefined ? undefined : String(value);
	};
	return { headers, ...clientOf(peer, header) };
}

/** uWebSockets.js' request has a `connection` with an address, and no socket. */
function addressOf(request: { connection?: { remoteAddress?: string | undefined } }): string {
	return request.connection?.remoteAddress ?? '';
}
