/**
 * Many walls in a process of their own. They subscribe and receive, but do not parse what they receive: in life each has a
 * machine of its own for that, and here it would be taken from the server's.
 */
import { io } from 'socket.io-client';

export async function runWalls(address: string, count: number): Promise<void> {
	const walls = await Promise.all(
		Array.from({ length: count }, async () => {
			const socket = io(address, { transports: ['websocket'], forceNew: true });
			await socket.timeout(20_000).emitWithAck('subscribe', 'control-room');
			socket.io.engine.removeAllListeners('data');
			return socket;
		})
	);
	process.stdout.write(`listening ${address}\n`);
	process.once('SIGTERM', () => {
		for (const wall of walls) wall.disconnect();
		process.exit(0);
	});
}
