/** Who answers, without a server. */
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Incoming } from './connection';
import { createApiRouter } from './router';

const log = pino({ level: 'silent' });

function get(path: string): Incoming {
	const { signal } = new AbortController();
	const readBody = () => Promise.resolve({ kind: 'whole' as const, bytes: new Uint8Array() });
	return { method: 'GET', path, query: '', headers: {}, address: '203.0.113.7', signal, readBody };
}

test('the database is asked once whether it answers, however many want to know at once', async () => {
	let asked = 0;
	let tell: () => void = () => undefined;
	const settled = new Promise<void>((resolve) => (tell = resolve));
	const readiness = () => {
		asked++;
		return settled.then(() => ({ ready: true, reasons: [] }));
	};
	const answer = createApiRouter({
		routes: [],
		readiness,
		clientOf: (address) => ({ address, isSecure: false }),
		limit: { take: () => 0 },
		log
	});
	const statuses: number[] = [];
	const outgoing = { send: (status: number) => void statuses.push(status), stream: () => Promise.resolve() };
	const answers = Array.from({ length: 1_000 }, () => answer(get('/readyz'), outgoing));
	tell();
	await Promise.all(answers.filter((one) => one !== null));
	expect([asked, statuses.length, new Set(statuses)]).toEqual([1, 1_000, new Set([200])]);
});

test.each(['/api/echo', '/api/echo/', '/api/%65cho', '/%61pi/ec%68o/'])(
	'a route is itself in each spelling, with its limit: %s',
	async (path) => {
		const route = {
			path: '/api/echo',
			maxBodyBytes: 1,
			handle: () => Promise.resolve({ status: 200, headers: {}, body: '' }),
			bodyTooLarge: () => ({ status: 413, headers: {}, body: '' }),
			tooManyRequests: () => ({ status: 429, headers: {}, body: '' })
		};
		const readiness = () => Promise.resolve({ ready: true, reasons: [] });
		const answer = createApiRouter({
			routes: [route],
			readiness,
			clientOf: (address) => ({ address, isSecure: false }),
			limit: { take: () => 1 },
			log
		});
		const statuses: number[] = [];
		await answer(get(path), { send: (status) => void statuses.push(status), stream: () => Promise.resolve() });
		expect(statuses).toEqual([429]);
		expect(answer(get('/api/%'), { send: () => undefined, stream: () => Promise.resolve() })).toBeNull();
	}
);
