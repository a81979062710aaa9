/** HTTP as bytes, for what no client would send. */
import { connect } from 'node:net';

/** Sends bytes as they are, and waits until the server closes or has sent what is expected. @returns all that it sent */
export function raw(address: string, bytes: string | Buffer, until = /$^/): Promise<string> {
	const { hostname, port } = new URL(address);
	return new Promise((resolve) => {
		let answer = '';
		const socket = connect(Number(port), hostname, () => socket.write(bytes));
		socket.setEncoding('latin1').on('data', (text: string) => {
			answer += text;
			if (until.test(answer)) socket.destroy();
		});
		socket.on('error', () => undefined);
		socket.on('close', () => {
			resolve(answer);
		});
	});
}

/** The statuses of all answers in what a server sent. */
export function statusesIn(answer: string): number[] {
	return [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
}
