/**
 * The flood as a process of its own: sends as fast as it is answered, holds slow connections open beside, and tells how
 * many requests were taken or refused.
 */
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import autocannon from 'autocannon';

const PATH = '/api/analytics/events';
const DRIP_MS = 1_000;

/** Floods until the process is ended. @param sender the address that a proxy of this machine would say it comes from */
export async function runFlooding(
	address: string,
	sender: string,
	connections: { flooding: number; slow: number }
): Promise<void> {
	const counted = { taken: 0, refused: 0 };
	const options: autocannon.Options = {
		url: address + PATH,
		method: 'POST',
		headers: { 'content-type': 'application/json', 'x-forwarded-for': sender },
		body: '{"events":[{"type":"flood"}]}',
		connections: connections.flooding,
		duration: 3_600
	};
	// With a callback it can be listened to; there is nothing to do at an end that is the process's.
	const cannon = autocannon(options, () => undefined);
	cannon.on('response', (_client, status) => {
		if (status === 429) counted.refused++;
		else counted.taken++;
	});
	const slow: SlowSender[] = [];
	for (let n = 0; n < connections.slow; n++) {
		// Each by itself, as strangers' would be: all at once they would be a jolt of this process each second.
		setTimeout(() => slow.push(new SlowSender(address, sender, n)), (n / connections.slow) * DRIP_MS);
	}
	const server = createServer((_request, response) => {
		response.setHeader('connection', 'close');
		response.end(
			JSON.stringify({ at: performance.now(), ...counted, open: slow.filter(({ isOpen }) => isOpen).length })
		);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const bound = server.address();
	if (bound === null || typeof bound === 'string') throw new Error('a server on a port has no port');
	process.stdout.write(`listening http://127.0.0.1:${bound.port}\n`);
}

/** A connection that says a byte a second, into its head or its body, and begins again when it is closed. */
class SlowSender {
	isOpen = false;
	#socket: Socket | undefined;

	constructor(address: string, sender: string, place: number) {
		const { hostname, port } = new URL(address);
		const head = `POST ${PATH} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nX-Forwarded-For: ${sender}\r\n`;
		const start = place % 2 === 0 ? `${head}X-Slow: ` : `${head}Content-Length: 100000\r\n\r\n`;
		const open = (): void => {
			this.#socket = connect(Number(port), hostname, () => {
				this.isOpen = true;
				this.#socket?.write(start);
			});
			// An answer is read away: 429 comes before the body.
			this.#socket.resume().on('error', () => undefined).on('close', () => (this.isOpen = false)); // prettier-ignore
		};
		open();
		setInterval(() => {
			if (this.isOpen) this.#socket?.write('x');
			else if (this.#socket?.closed) open();
		}, DRIP_MS);
	}
}
