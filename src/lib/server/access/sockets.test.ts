/** Who may open a socket, without a server. */
import type { Server, Socket } from 'socket.io';
import { expect, test } from 'vitest';
import type { Access } from './index';
import { guardSockets } from './sockets';
import { AT_THE_MACHINE, NOBODY, type Visitor } from './visitor';

/** Asks for connections of the visitor. @returns for each why it is refused, or undefined */
async function connect(visitor: (n: number) => Visitor, times: number): Promise<(Error | undefined)[]> {
	let guard: ((socket: Socket, next: (fault?: Error) => void) => void) | undefined;
	const io = { use: (middleware: typeof guard) => (guard = middleware) };
	let asked = 0;
	const access = { visitor: () => Promise.resolve(visitor(asked++)), onChange: () => () => undefined };
	const handshake = { headers: {}, address: '203.0.113.7', isSecure: false };
	// The parts of both that a handshake needs.
	guardSockets(io as unknown as Server, access as unknown as Access, () => handshake, { warn: () => undefined });
	return Promise.all(
		Array.from({ length: times }, () => {
			const socket = { data: {} };
			return new Promise<Error | undefined>((resolve) => guard?.(socket as unknown as Socket, resolve));
		})
	);
}

const user = (login: string): Visitor => ({ ...NOBODY, kind: 'user', role: 'viewer', id: login, name: login, login });

test('one login opens so many sockets at once and no more, another one and the machine itself go on', async () => {
	const ofOne = await connect(() => user('a'), 400);
	expect(ofOne.filter((fault) => fault === undefined).length).toBeGreaterThanOrEqual(200);
	expect(ofOne.filter((fault) => fault?.message.includes('Too many')).length).toBeGreaterThan(150);
	const ofTwo = await connect((n) => user(n < 400 ? 'a' : 'b'), 500);
	expect(ofTwo.slice(400)).toEqual(Array.from({ length: 100 }, () => undefined));
	expect((await connect(() => AT_THE_MACHINE, 1_000)).filter(Boolean)).toEqual([]);
	expect((await connect(() => NOBODY, 1))[0]?.message).toMatch(/not logged in/);
});
