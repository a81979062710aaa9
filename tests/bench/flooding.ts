/** The flood as a process of its own: sends as fast as it is answered, and tells how many requests were taken or refused. */
import { createServer } from 'node:http';
import autocannon from 'autocannon';

/** Floods until the process is ended. @param sender the address that a proxy of this machine would say it comes from */
export async function runFlooding(address: string, sender: string, connections: number): Promise<void> {
	const counted = { taken: 0, refused: 0 };
	const options: autocannon.Options = {
		url: `${address}/api/analytics/events`,
		method: 'POST',
		headers: { 'content-type': 'application/json', 'x-forwarded-for': sender },
		body: '{"events":[{"type":"flood"}]}',
		connections,
		duration: 3_600
	};
	// With a callback it can be listened to; there is nothing to do at an end that is the process's.
	const cannon = autocannon(options, () => undefined);
	cannon.on('response', (_client, status) => {
		if (status === 429) counted.refused++;
		else counted.taken++;
	});
	const server = createServer((_request, response) => {
		response.setHeader('connection', 'close');
		response.end(JSON.stringify({ at: performance.now(), ...counted }));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const bound = server.address();
	if (bound === null || typeof bound === 'string') throw new Error('a server on a port has no port');
	process.stdout.write(`listening http://127.0.0.1:${bound.port}\n`);
}
