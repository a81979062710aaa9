/** Ports on loopback for the embedded server. */
import net from 'node:net';

// Below the range from which systems take the ports of outgoing connections: such a port could be taken by one of
// them while the server is down, and its URL would not survive a restart.
const FIRST = 15_432;
const COUNT = 10_000;

/** A port that nothing listens on now. Random, so that two first starts at once seldom choose the same. */
export async function freePort(): Promise<number> {
	for (let attempt = 0; attempt < 100; attempt++) {
		const port = FIRST + Math.floor(Math.random() * COUNT);
		if (await isFree(port)) return port;
	}
	throw new Error(`no free port from ${FIRST} to ${FIRST + COUNT - 1} on 127.0.0.1`);
}

/** Whether a server could listen on this port of 127.0.0.1 now. */
export function isFree(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const probe = net.createServer();
		probe.once('error', () => resolve(false));
		probe.listen({ host: '127.0.0.1', port, exclusive: true }, () => probe.close(() => resolve(true)));
	});
}
