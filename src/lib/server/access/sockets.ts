/**
 * Who may open a socket, and keep it. A handshake from another site's page, or without anything that could be a login, is
 * refused before it is a WebSocket; who it is, is looked up before the first message, and again whenever rights may have
 * changed. What each may hear is decided where topics are joined.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from 'pino';
import type { Server, Socket } from 'socket.io';
import type { Access } from './index';
import { cookieName, isAtTheMachine, isFromElsewhere, type Asking } from './asking';
import { Buckets } from './buckets';
import { networkOf } from './limits';
import { may, type Visitor } from './visitor';

/**
 * Of one address, and all its screens and pages: a hundred walls behind one router all come back within a second after a
 * restart, and try again each second while they are refused.
 */
const HANDSHAKES = { perSecond: 100, burst: 600 };

/** Of one login, display or token: all its windows come back within a second too. */
const OF_VISITOR = { perSecond: 5, burst: 200 };

/** What a handshake brings with it. */
export interface Handshake {
	headers: IncomingHttpHeaders;
	/** Of the client. */
	address: string;
	isSecure: boolean;
}

/** Tells why a handshake is refused before anything is looked up; null when it may go on. */
export function handshakeGate(access: Pick<Access, 'isOpen' | 'reach'>): (handshake: Handshake) => string | null {
	const handshakes = new Buckets(HANDSHAKES);
	return (handshake) =>
		handshakes.take(networkOf(handshake.address)) > 0 ? 'Too many connections at once.' : refusal(access, handshake);
}

function refusal(access: Pick<Access, 'isOpen' | 'reach'>, handshake: Handshake): string | null {
	const asking = askingOf(handshake);
	if (isFromElsewhere(asking, access.reach)) return 'This origin may not connect.';
	const names = (['login', 'display'] as const).map((kind) => cookieName(kind, handshake.isSecure));
	if (names.some((name) => asking.cookie(name) !== undefined)) return null;
	if (handshake.headers.authorization !== undefined) return null;
	return access.isOpen() && isAtTheMachine(asking, access.reach) ? null : 'Log in first.';
}

/** Guards all sockets of this server. @returns how to end that */
export function guardSockets(
	io: Server,
	access: Access,
	read: (socket: Socket) => Handshake,
	log: Pick<Logger, 'warn'>
): () => void {
	const connections = new Buckets(OF_VISITOR);
	io.use((socket, next) => {
		const asking = askingOf(read(socket));
		access.visitor(asking).then(
			(visitor) => {
				if (!may(visitor, { right: 'wall' })) {
					next(refused(asking));
					return;
				}
				if (visitor.login !== null && connections.take(`${visitor.kind} ${visitor.login}`) > 0) {
					next(new Error('Too many connections at once.'));
					return;
				}
				setVisitor(socket, visitor);
				next();
			},
			(error: unknown) => {
				log.warn({ err: error }, 'who opens a socket could not be looked up');
				next(new Error('The database cannot be read now.'));
			}
		);
	});
	return access.onChange(() => {
		lookAgain(io, access).catch((error: unknown) => {
			log.warn({ err: error }, 'who is connected could not be looked up again');
		});
	});
}

/** What a client is told that may not be here: it says so, and asks again seldom. */
function refused(asking: Asking): Error {
	const isDisplay = asking.cookie(cookieName('display', asking.isSecure)) !== undefined;
	const reason = isDisplay
		? 'This screen was revoked, or its time is over.'
		: 'You are not logged in any more, or may not see this.';
	return Object.assign(new Error(reason), { data: { refused: true } });
}

/** Who is at the other end. */
export function visitorOf(socket: Pick<Socket, 'data'>): Visitor {
	// eslint-disable-next-line @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-return -- set before the socket is anybody's
	return socket.data.visitor;
}

function setVisitor(socket: Pick<Socket, 'data'>, visitor: Visitor): void {
	// eslint-disable-next-line @typescript-eslint/no-unsafe-member-access -- the library leaves the type of data open
	socket.data.visitor = visitor;
}

/** Ends the sockets of those who may no longer be here. Those whose rights changed come again, and join anew. */
async function lookAgain(io: Server, access: Access): Promise<void> {
	const sockets = [...io.of('/').sockets.values()];
	const now = await access.again(sockets.map(visitorOf));
	for (const [at, socket] of sockets.entries()) {
		const visitor = now[at] ?? null;
		// Closed, not disconnected: a client takes the latter as a wish not to see it again.
		if (visitor === null || !isSame(visitor, visitorOf(socket))) socket.conn.close();
	}
}

function isSame(one: Visitor, other: Visitor): boolean {
	return JSON.stringify(one) === JSON.stringify(other);
}

function askingOf({ headers, address, isSecure }: Handshake): Asking {
	const cookies = new Map<string, string>();
	for (const part of (headers.cookie ?? '').split(';')) {
		const at = part.indexOf('=');
		if (at > 0 && !cookies.has(part.slice(0, at).trim()))
			cookies.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
	}
	return {
		headers: {
			get: (name) => {
				const value = headers[name];
				return value === undefined ? null : String(value);
			}
		},
		cookie: (name) => cookies.get(name),
		address,
		isSecure
	};
}
