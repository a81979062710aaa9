/**
 * The Control Room behind the proxies that docs/proxy shows, over TLS. Where a proxy is not installed, its tests are
 * skipped, and say so: on Debian `apt-get install nginx-light caddy` brings both.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:tls';
import { io } from 'socket.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { testDatabase, type TestDatabase } from '../support/database';
import { PASSWORD } from '../support/door';
import { startProcess, temporaryFolder, type Running } from '../support/process';
import { isInstalled, placeForProxy, PROXIES, startProxy, type Proxy, type ProxyName } from '../support/proxy';

interface Behind {
	proxy: Proxy;
	running: Running;
	database: TestDatabase;
	/** A request over TLS, as a browser's. */
	ask(
		path: string,
		options?: { method?: string; headers?: Record<string, string>; body?: string | Buffer }
	): Promise<Said>;
}

interface Said {
	status: number;
	headers: Record<string, string | string[] | undefined>;
	text: string;
}

async function behind(name: ProxyName): Promise<Behind> {
	const [folder, database] = [await temporaryFolder(), await testDatabase()];
	onTestFinished(() => database.drop());
	const place = await placeForProxy(folder);
	const running = await startProcess({
		DATABASE_URL: database.url,
		PORT: '0',
		ADMIN_PASSWORD: PASSWORD,
		PUBLIC_ORIGINS: place.origin,
		TRUSTED_PROXIES: '127.0.0.1'
	});
	const proxy = await startProxy(name, folder, place, new URL(running.address));
	const ca = readFileSync(proxy.certificate);
	const ask: Behind['ask'] = (path, { method = 'GET', headers = {}, body } = {}) =>
		new Promise((resolve, reject) => {
			const asked = request(`${proxy.origin}${path}`, { method, ca, headers }, (answer) => {
				let text = '';
				answer.setEncoding('utf8').on('data', (part: string) => (text += part));
				answer.on('end', () => {
					resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
				});
			});
			asked.on('error', reject);
			asked.end(body);
		});
	const isUp = () => ask('/healthz').then(({ status }) => status, () => proxy.output()); // prettier-ignore
	await expect.poll(isUp).toBe(200);
	return { proxy, running, database, ask };
}

async function logIn({ ask, proxy }: Behind, headers: Record<string, string> = {}): Promise<string> {
	const answer = await ask('/login', {
		method: 'POST',
		headers: {
			'content-type': 'application/x-www-form-urlencoded',
			accept: 'text/html',
			origin: proxy.origin,
			...headers
		},
		body: new URLSearchParams({ name: 'admin', password: PASSWORD }).toString()
	});
	expect(answer.status).toBe(303);
	return String(answer.headers['set-cookie']);
}

/** Sends bytes over TLS, and reads until the proxy ends the connection or is silent for a second. */
function rawOverTls({ proxy }: Behind, bytes: string): Promise<string> {
	return new Promise((resolve) => {
		let answer = '';
		const socket = connect({ port: proxy.port, host: '127.0.0.1', servername: 'localhost', ca: readFileSync(proxy.certificate) }, () => socket.write(bytes)); // prettier-ignore
		socket.setTimeout(1_000, () => socket.destroy());
		socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
		socket.on('error', () => undefined);
		socket.on('close', () => {
			resolve(answer);
		});
	});
}

describe.each(PROXIES.filter((name) => isInstalled(name) || name === 'nginx'))('behind %s', (name) => {
	it.skipIf(!isInstalled(name))(
		'a login is a cookie for TLS and this host alone, a socket connects, and other sites’ do not',
		async () => {
			const room = await behind(name);
			const cookie = await logIn(room);
			expect(cookie).toMatch(/^__Host-login=[^;]+;.*Secure/);
			expect(cookie).toMatch(/HttpOnly/);
			const value = cookie.split(';', 1)[0] ?? '';
			const page = await room.ask('/sessions', { headers: { cookie: value } });
			expect([page.status, page.headers['strict-transport-security']]).toEqual([200, 'max-age=31536000']);
			const connects = (extraHeaders: Record<string, string>) => {
				const socket = io(room.proxy.origin, { transports: ['websocket'], reconnection: false, forceNew: true, ca: readFileSync(room.proxy.certificate, 'utf8'), extraHeaders }); // prettier-ignore
				return new Promise<boolean>((resolve) => {
					socket.once('connect', () => {
						resolve(true);
					});
					socket.once('connect_error', () => {
						resolve(false);
					});
				}).finally(() => socket.disconnect());
			};
			expect(await connects({ cookie: value, origin: room.proxy.origin })).toBe(true);
			expect(await connects({ cookie: value, origin: 'https://evil.example' })).toBe(false);
			expect(await connects({ origin: room.proxy.origin })).toBe(false);
		}
	);

	it.skipIf(!isInstalled(name))(
		'the audit has the client’s address, and what a client says of itself is not believed',
		async () => {
			const room = await behind(name);
			await logIn(room, {
				'x-forwarded-for': '203.0.113.7, 127.0.0.1',
				'x-real-ip': '203.0.113.7',
				forwarded: 'for=203.0.113.7',
				'x-forwarded-proto': 'http'
			});
			const noted = await room.database.sql<{ address: string }[]>`
			select address from audit where action = 'login.succeeded'`;
			expect(noted).toEqual([{ address: '127.0.0.1' }]);
		}
	);

	it.skipIf(!isInstalled(name))(
		'events of a full megabyte pass, larger ones do not, and nobody is answered with what another one smuggled',
		async () => {
			const room = await behind(name);
			const event = { type: 'padded', data: { text: 'x'.repeat(60_000) } };
			const megabyte = JSON.stringify({ events: Array.from({ length: 17 }, () => event) });
			const send = (body: string) => room.ask('/api/analytics/events', { method: 'POST', body });
			expect((await send(megabyte)).status).toBe(200);
			expect((await send(' '.repeat(1024 * 1024 + 1))).status).toBe(413);
			const hidden = 'GET /api/v1/hidden HTTP/1.1\r\nHost: localhost\r\n\r\n';
			for (const head of [
				`Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
				`Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n`,
				`Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
				`Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
				`Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n`
			]) {
				await rawOverTls(room, `POST /api/analytics/events HTTP/1.1\r\nHost: localhost:${room.proxy.port}\r\n${head}${hidden}`); // prettier-ignore
				// Whoever is next on the proxy's connections would get the answer to what was hidden.
				const others = await Promise.all(Array.from({ length: 20 }, () => room.ask('/healthz')));
				expect([head, others.map(({ text }) => text).filter((text) => text !== '{"status":"ok"}')]).toEqual([head, []]);
			}
			expect((await room.ask('/healthz')).status).toBe(200);
		}
	);
});
