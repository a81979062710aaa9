/**
 * The page's one connection, opened after the first paint and kept across pages. It reconnects for ever: nobody stands
 * beside the wall to press reload. Only WebSocket, so that "no polling" is true of the transport as well.
 */
import type { Socket } from 'socket.io-client';
import type { ClientToServer, Refusal, ServerToClient } from './messages';

export type LiveSocket = Socket<ServerToClient, ClientToServer>;

/** Waits between attempts, in ms: short, because a wall must be right again within 2 s; jittered, so that a hundred
 * screens don't come back in one instant. */
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 1_000;
/** Who may not be here asks seldom: only somebody's decision can change it. */
const REFUSED_RETRY_MS = 60_000;

let opened: Promise<LiveSocket> | null = null;

/** The connection of this page; the code for it is only loaded now. */
export function openSocket(): Promise<LiveSocket> {
	opened ??= loadClient().then(({ io }) => {
		const socket: LiveSocket = io({
			transports: ['websocket'],
			reconnectionAttempts: Infinity,
			reconnectionDelay: FIRST_RETRY_MS,
			reconnectionDelayMax: LONGEST_RETRY_MS,
			randomizationFactor: 0.5,
			timeout: 5_000
		});
		const insist = (waitMs: number) => {
			if (!socket.active) setTimeout(() => socket.connect(), jitter(waitMs));
		};
		// The library gives up where the server itself closed or refused; a wall does not.
		socket.on('disconnect', () => insist(LONGEST_RETRY_MS));
		socket.on('connect_error', (error) => insist(isRefusal(error) ? REFUSED_RETRY_MS : LONGEST_RETRY_MS));
		return socket;
	});
	return opened;
}

/** Whether a connection failed because the server will not have this client. */
export function isRefusal(error: Error): boolean {
	return (error as Error & { data?: Partial<Refusal> }).data?.refused === true;
}

async function loadClient(): Promise<typeof import('socket.io-client')> {
	for (;;) {
		try {
			return await import('socket.io-client');
		} catch {
			// The server went away between the page and its script: the same as a lost connection.
			await new Promise((resolve) => setTimeout(resolve, jitter(2 * LONGEST_RETRY_MS)));
		}
	}
}

/** Some time between half of `ms` and `ms`. */
export function jitter(ms: number): number {
	return ms / 2 + (Math.random() * ms) / 2;
}
