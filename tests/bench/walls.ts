/** Many walls in a process of their own: each subscribes to the Control Room and receives, as a browser would. */
import { io } from 'socket.io-client';

export async function runWalls(address: string, count: number): Promise<void> {
	const walls = await Promise.all(
		Array.from({ length: count }, async () => {
			const socket = io(address, { transports: ['websocket'], forceNew: true });
			await socket.timeout(20_000).emitWithAck('subscribe', 'control-room');
			return socket;
		})
	);
	process.stdout.write(`listening ${address}\n`);
	process.once('SIGTERM', () => {
		for (const wall of walls) wall.disconnect();
		process.exit(0);
	});
}
