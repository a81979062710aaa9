/**
 * The two HTTP servers must answer alike: the same list of behaviours for uWebSockets.js and for Node's own. One file,
 * because the list is the point.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { pino } from 'pino';
import { io } from 'socket.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StartupError } from '../../src/lib/server/errors';
import { isForeign } from '../../src/lib/server/http/origin';
import { startHttp, type HttpOptions, type HttpServer } from '../../src/lib/server/http';
import type { ApiRoute } from '../../src/lib/server/http/exchange';
import { temporaryFolder } from '../support/process';
import { raw } from '../support/raw';
import { SERVERS } from '../support/servers';

const LIMIT = 64 * 1024;
const SCRIPT = 'console.log("a script")';

/** Answers with what it was asked. */
const echo: ApiRoute = {
	path: '/api/echo',
	maxBodyBytes: LIMIT,
	handle: (request) => {
		const { method, query, address } = request;
		const body = { method, query, address, agent: request.header('user-agent'), bytes: request.body.byteLength };
		return Promise.resolve({
			status: method === 'OPTIONS' ? 204 : 200,
			headers: { 'content-type': 'application/json', 'access-control-allow-origin': '*' },
			body: method === 'OPTIONS' ? '' : JSON.stringify(body)
		});
	},
	bodyTooLarge: () => ({ status: 413, headers: { 'access-control-allow-origin': '*' }, body: 'too large' }),
	tooManyRequests: (waitSeconds) => ({ status: 429, headers: { 'retry-after': String(waitSeconds) }, body: 'slower' })
};

/** An endless page, which says when its reader has gone. */
function endless(gone: () => void): ReadableStream<Uint8Array> {
	return new ReadableStream({
		pull: (controller) => {
			controller.enqueue(new Uint8Array(64 * 1024));
		},
		cancel: gone
	});
}

let producedBytes = 0;
let readerGone = 0;

/** Stands for SvelteKit: what matters here is what the servers make of requests and responses. */
const kit: HttpOptions['kit'] = async (request, address) => {
	const { pathname, search } = new URL(request.url);
	if (pathname === '/fault') throw new Error('a page failed');
	if (pathname === '/endless') return new Response(endless(() => readerGone++));
	if (pathname === '/large') {
		let left = 200;
		producedBytes = 0;
		const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
			if (left-- === 0) {
				controller.close();
				return;
			}
			producedBytes += 65_536;
			controller.enqueue(new Uint8Array(65_536).fill(left));
		};
		return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
	}
	if (pathname === '/form') {
		const headers = new Headers([['set-cookie', 'a=1'], ['set-cookie', 'b=2']]); // prettier-ignore
		return Response.json(
			{ body: await request.text(), address, search, host: request.headers.get('host') },
			{ headers }
		);
	}
	const headers = { 'content-type': 'text/html', 'content-length': '21' };
	return new Response('<h1>No such page</h1>', { status: 404, headers });
};

async function clientFolder(): Promise<string> {
	const folder = await temporaryFolder();
	await mkdir(`${folder}/client/_app/immutable`, { recursive: true });
	await writeFile(`${folder}/secret.txt`, 'secret');
	await writeFile(`${folder}/client/favicon.svg`, '<svg/>');
	await writeFile(`${folder}/client/a file.txt`, 'spaced');
	await writeFile(`${folder}/client/_app/immutable/app.js`, SCRIPT);
	await writeFile(`${folder}/client/_app/immutable/app.js.br`, 'as brotli');
	return `${folder}/client`;
}

const silent = pino({ level: 'silent' });

async function start(server: HttpOptions['server'], options: Partial<HttpOptions> = {}): Promise<HttpServer> {
	const http = await startHttp({
		host: '127.0.0.1',
		port: 0,
		server,
		pipeline: {
			routes: [echo],
			readiness: () => Promise.resolve({ ready: false, reasons: ['the database is away'] }),
			handshakeRefusal: ({ headers }) =>
				isForeign(headers.origin, headers.host, ['https://monitor.example.com'])
					? 'This origin may not connect.'
					: null,
			serveSockets: (sockets) => {
				sockets.on('connection', (socket) => socket.on('clock', (answer) => answer(1)));
			}
		},
		clientFolder: await clientFolder(),
		kit,
		reach: { publicOrigins: [], trustedProxies: [] },
		ingestRequestsPerSecond: 100,
		drainMs: 5_000,
		log: silent,
		...options
	});
	let stopped: Promise<void> | undefined;
	const stop = (): Promise<void> => (stopped ??= http.stop());
	onTestFinished(stop);
	return { ...http, stop };
}

/** Connects a socket, and tells whether the server took it. */
function handshake(address: string, headers: Record<string, string>): Promise<'taken' | 'refused'> {
	const socket = io(address, { transports: ['websocket'], reconnection: false, forceNew: true, extraHeaders: headers });
	return new Promise<'taken' | 'refused'>((resolve) => {
		socket.once('connect', () => {
			socket.emit('clock', () => {
				resolve('taken');
			});
		});
		socket.once('connect_error', () => {
			resolve('refused');
		});
	}).finally(() => socket.disconnect());
}

describe.each(SERVERS)('the %s server', (kind) => {
	it('hands a route what came, and sends its answer as it is', async () => {
		const { address } = await start(kind);
		const answer = await fetch(`${address}/api/echo?a=%20b`, { method: 'POST', body: 'x'.repeat(LIMIT), headers: { 'user-agent': 'me' } }); // prettier-ignore
		expect(answer.headers.get('access-control-allow-origin')).toBe('*');
		expect(await answer.json()).toEqual({
			method: 'POST',
			query: 'a=%20b',
			address: '127.0.0.1',
			agent: 'me',
			bytes: LIMIT
		});
		const slashed = await fetch(`${address}/api/echo/`, { method: 'POST', body: 'x', redirect: 'manual' });
		expect([slashed.status, slashed.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
		const preflight = await fetch(`${address}/api/echo`, { method: 'OPTIONS' });
		expect([preflight.status, preflight.headers.get('content-length')]).toEqual([204, null]);
	});

	it('answers 413 to a body over the limit, whether announced or found out, and stays usable', async () => {
		const { address } = await start(kind);
		const announced = await fetch(`${address}/api/echo`, { method: 'POST', body: 'x'.repeat(LIMIT + 1) });
		expect([announced.status, announced.headers.get('access-control-allow-origin')]).toEqual([413, '*']);
		const chunks = `${(40_000).toString(16)}\r\n${'x'.repeat(40_000)}\r\n`.repeat(2);
		const found = await raw(address, `POST /api/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`, /too large/); // prettier-ignore
		expect(found).toMatch(/^HTTP\/1\.1 413 /);
		expect((await fetch(`${address}/api/echo`)).status).toBe(200);
	});

	it('answers 429 to an address that sends too often, before its body is read, and reads on rightly after it', async () => {
		const reach = { publicOrigins: [], trustedProxies: ['127.0.0.1'] };
		const { address } = await start(kind, { reach, ingestRequestsPerSecond: 1 });
		// What would be another request, if it were not read as the body that it is.
		const body = 'GET /api/echo HTTP/1.1\r\n\r\n';
		const agent = new Agent({ keepAlive: true, maxSockets: 1 });
		onTestFinished(() => agent.destroy());
		const sockets = new Set<unknown>();
		const from = (who: string) =>
			new Promise<{ status: number | undefined; retryAfter: string | undefined }>((resolve, reject) => {
				const headers = { 'x-forwarded-for': who, 'content-length': body.length };
				const sent = request(`${address}/api/echo`, { method: 'POST', agent, headers }, (answer) => {
					sockets.add(sent.socket);
					answer.resume().once('end', () => {
						resolve({ status: answer.statusCode, retryAfter: answer.headers['retry-after'] });
					});
				});
				sent.once('error', reject);
				sent.end(body);
			});
		const statuses: (number | undefined)[] = [];
		const refused = () => statuses.filter((status) => status === 429).length;
		// A token comes back each second: between refusals, which are held for a moment, and before the first on a slow machine.
		while (refused() < 3) statuses.push((await from('203.0.113.7')).status);
		expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 200));
		expect(new Set(statuses)).toEqual(new Set([200, 429]));
		expect(await from('203.0.113.8')).toEqual({ status: 200, retryAfter: undefined });
		expect(sockets.size).toBe(1);
		const own = Array.from({ length: 30 }, () => fetch(`${address}/api/echo`, { method: 'POST', body: 'x' }));
		expect((await Promise.all(own)).every(({ status }) => status === 200)).toBe(true);
	});

	it('takes a body in chunks', async () => {
		const { address } = await start(kind);
		const chunks =
			'POST /api/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n';
		expect(await raw(address, chunks, /"bytes"/)).toContain('"bytes":11');
	});

	it('survives clients that go away in the middle of a body, and of an answer', async () => {
		const { address } = await start(kind);
		const { hostname, port } = new URL(address);
		readerGone = 0;
		await Promise.all(
			['/api/echo', '/form', '/endless'].flatMap((path) =>
				Array.from({ length: 20 }, () => {
					const socket = connect(Number(port), hostname);
					const method = path === '/endless' ? 'GET' : 'POST';
					socket.on('error', () => undefined);
					socket.write(
						`${method} ${path} HTTP/1.1\r\nHost: h\r\n${method === 'POST' ? 'Content-Length: 1000\r\n' : ''}\r\n`
					);
					if (method === 'POST') socket.write('{', () => socket.resetAndDestroy());
					else socket.once('data', () => socket.resetAndDestroy());
					return new Promise((resolve) => socket.once('close', resolve));
				})
			)
		);
		expect((await fetch(`${address}/healthz`)).status).toBe(200);
		await expect.poll(() => readerGone).toBe(20);
	});

	it('serves the built files with their types, validators and encodings', async () => {
		const { address } = await start(kind);
		const script = await fetch(`${address}/_app/immutable/app.js`, { headers: { 'accept-encoding': 'identity' } });
		expect(await script.text()).toBe(SCRIPT);
		expect(Object.fromEntries(script.headers)).toMatchObject({
			'content-type': 'text/javascript; charset=utf-8',
			'cache-control': 'public, max-age=31536000, immutable',
			'x-content-type-options': 'nosniff',
			vary: 'accept-encoding'
		});
		const compressed = await raw(address, 'GET /_app/immutable/app.js HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip, br\r\n\r\n', /as brotli/); // prettier-ignore
		expect(compressed).toMatch(/content-encoding: br/i);
		const icon = await fetch(`${address}/favicon.svg`);
		expect([icon.headers.get('cache-control'), icon.headers.get('content-type')]).toEqual([
			'no-cache',
			'image/svg+xml'
		]);
		const again = await fetch(`${address}/favicon.svg`, {
			headers: { 'if-none-match': icon.headers.get('etag') ?? '' }
		});
		expect([again.status, await again.text()]).toEqual([304, '']);
		expect(await (await fetch(`${address}/a%20file.txt`)).text()).toBe('spaced');
	});

	it('answers HEAD with the headers of GET, and no body', async () => {
		const { address } = await start(kind);
		for (const [path, length] of [
			['/favicon.svg', '6'],
			['/healthz', '15'],
			['/nothing', '21']
		]) {
			// prettier-ignore
			const answer = await raw(address, `HEAD ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`, /\r\n\r\n/);
			expect(answer.toLowerCase()).toContain(`content-length: ${length}`);
			expect(answer.slice(answer.indexOf('\r\n\r\n'))).toBe('\r\n\r\n');
		}
	});

	it.each([
		'/../secret.txt',
		'/..%2fsecret.txt',
		'/%2e%2e/secret.txt',
		'/_app/../../secret.txt',
		'/..%5csecret.txt',
		'/%c0%ae%c0%ae/secret.txt',
		'//etc/passwd',
		'/favicon.svg%00',
		'/%'
	])('gives no file for %s', async (path) => {
		const { address } = await start(kind);
		const answer = await raw(address, `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`, /No such page/);
		expect(answer).toMatch(/^HTTP\/1\.1 4/);
		expect(answer).not.toContain('root:');
		expect(answer).not.toMatch(/\r\n\r\nsecret/);
	});

	it('hands pages the rest: bodies, cookies, the 404', async () => {
		const { address } = await start(kind);
		const form = await fetch(`${address}/form?q=1`, { method: 'POST', body: 'a=b' });
		expect(await form.json()).toEqual({
			body: 'a=b',
			address: '127.0.0.1',
			search: '?q=1',
			host: new URL(address).host
		});
		expect(form.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
		const missing = await fetch(`${address}/nothing`);
		expect([missing.status, await missing.text()]).toEqual([404, '<h1>No such page</h1>']);
		expect((await fetch(`${address}/form`, { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) })).status).toBe(413);
		expect((await fetch(`${address}/fault`)).status).toBe(500);
	});

	it('streams a page whole, and no faster than it is read', async () => {
		const { address } = await start(kind);
		const page = await fetch(`${address}/large`);
		const reader = page.body?.getReader();
		const first = await reader?.read();
		let size = first?.value?.byteLength ?? 0;
		// Kernel and fetch hold some megabytes; the page has 13.
		expect(producedBytes).toBeLessThan(200 * 65_536);
		for (;;) {
			const part = await reader?.read();
			if (!part || part.done) break;
			size += part.value.byteLength;
		}
		expect(size).toBe(200 * 65_536);
	});

	it.each([
		'TRACE / HTTP/1.1\r\nHost: h\r\n\r\n',
		'CONNECT a.example:80 HTTP/1.1\r\nHost: h\r\n\r\n',
		'BREW /nothing HTTP/1.1\r\nHost: h\r\n\r\n',
		'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n',
		'GET http://other.example/ HTTP/1.1\r\nHost: h\r\n\r\n',
		'GET /nothing HTTP/1.1\r\nHost: a b/\\c\r\n\r\n',
		'GET /nothing HTTP/1.1\r\n\r\n',
		'POST /api/echo HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n',
		'POST /api/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1e9\r\n\r\n',
		'POST /api/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n',
		'POST /api/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
		'POST /api/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
		`GET / HTTP/1.1\r\nHost: h\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
		'\0\x01\x02\r\n\r\n'
	])('refuses what is no request that it can answer, and stays up: %j', async (bytes) => {
		const { address } = await start(kind);
		const answer = await raw(address, bytes, /\r\n\r\n/);
		expect(answer).toMatch(/^(HTTP\/1\.1 [45]\d\d |$)/);
		expect((await fetch(`${address}/healthz`)).status).toBe(200);
	});

	const HIDDEN = 'GET /api/echo?hidden HTTP/1.1\r\nHost: h\r\n\r\n';
	it.each([
		`Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
		`Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${HIDDEN}`,
		`Content-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
		`Content-Length: ${HIDDEN.length}\r\nContent-Length: 0\r\n\r\n${HIDDEN}`,
		`Content-Length: 0, ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
		`Content-Length: +0\r\n\r\n${HIDDEN}`,
		`Content-Length: 0x0\r\n\r\n${HIDDEN}`,
		`Content-Length : 0\r\n\r\n${HIDDEN}`,
		`Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
		`Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${HIDDEN}`,
		`Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
		`Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n${HIDDEN}`,
		`Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n${HIDDEN}`,
		`Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff0\r\n\r\n${HIDDEN}`,
		`X: a\nContent-Length: 0\r\n\r\n${HIDDEN}`,
		`X: a\rContent-Length: 0\r\n\r\n${HIDDEN}`
	])(
		'finds no second request in what is not clearly one: %j',
		async (bytes) => {
			const { address } = await start(kind);
			const answer = await raw(address, `POST /api/echo HTTP/1.1\r\nHost: h\r\n${bytes}`, /hidden|\r\n\r\n\{/);
			expect(answer).not.toContain('hidden');
			expect((await fetch(`${address}/healthz`)).status).toBe(200);
		},
		30_000
	);

	it('takes headers of 12 KB, as cookies can be', async () => {
		const { address } = await start(kind);
		expect((await fetch(`${address}/healthz`, { headers: { cookie: 'a'.repeat(12_000) } })).status).toBe(200);
	});

	it('tells browsers what its answers are for, and nobody what it runs on', async () => {
		const reach = { publicOrigins: [], trustedProxies: ['127.0.0.1'] };
		const { address } = await start(kind, { reach });
		for (const path of ['/favicon.svg', '/healthz', '/api/echo', '/nothing']) {
			const { headers } = await fetch(address + path);
			const told = ['x-content-type-options', 'referrer-policy', 'cross-origin-resource-policy', 'strict-transport-security', 'server', 'uwebsockets', 'x-powered-by']; // prettier-ignore
			expect([path, ...told.map((name) => headers.get(name))]).toEqual([path, 'nosniff', 'same-origin', 'same-origin', null, null, null, null]); // prettier-ignore
			const overTls = await fetch(address + path, { headers: { 'x-forwarded-proto': 'https' } });
			expect([path, overTls.headers.get('strict-transport-security')]).toEqual([path, 'max-age=31536000']);
		}
		const bare = await fetch(`${address}/nothing`);
		expect(bare.headers.get('content-security-policy')).toContain("default-src 'none'");
	});

	it('says that it lives, and why it is not ready', async () => {
		const { address } = await start(kind);
		expect(await (await fetch(`${address}/healthz`)).json()).toEqual({ status: 'ok' });
		const ready = await fetch(`${address}/readyz`);
		expect([ready.status, await ready.json()]).toEqual([
			503,
			{ status: 'not ready', reasons: ['the database is away'] }
		]);
		expect((await fetch(`${address}/healthz`, { method: 'POST' })).status).toBe(405);
	});

	it('takes sockets of its own pages and of programs on this machine, and refuses those of other sites', async () => {
		const { address } = await start(kind);
		expect(await handshake(address, {})).toBe('taken');
		expect(await handshake(address, { origin: address })).toBe('taken');
		expect(await handshake(address, { origin: 'https://monitor.example.com' })).toBe('taken');
		expect(await handshake(address, { origin: 'https://evil.example' })).toBe('refused');
		expect(await handshake(address, { origin: `${address}.evil.example` })).toBe('refused');
		expect(await handshake(address, { origin: 'null' })).toBe('refused');
	});

	it('answers no long polling', async () => {
		const { address } = await start(kind);
		for (const query of ['transport=polling', 'transport=websocket', 'transport=websocket&sid=x']) {
			expect((await fetch(`${address}/socket.io/?EIO=4&${query}`)).status).toBe(400);
		}
	});

	it('ends its sockets, answers what has come, and is gone', async () => {
		const http = await start(kind);
		const socket = io(http.address, { transports: ['websocket'], reconnection: false, forceNew: true });
		await new Promise<void>((resolve) => socket.once('connect', resolve));
		const gone = new Promise((resolve) => socket.once('disconnect', resolve));
		const half = 'POST /api/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{';
		const { hostname, port } = new URL(http.address);
		const request = connect(Number(port), hostname, () => request.write(half));
		let answer = '';
		request.setEncoding('utf8').on('data', (text: string) => (answer += text));
		const closed = new Promise((resolve) => request.once('close', resolve));
		await fetch(`${http.address}/healthz`);
		const stopped = http.stop();
		await expect.poll(() => fetch(`${http.address}/healthz`).then(() => 'open', () => 'closed')).toBe('closed'); // prettier-ignore
		request.write('}');
		await Promise.all([stopped, gone, closed]);
		expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*"bytes":2/);
	});

	it('refuses an address that it cannot have, and says why', async () => {
		const { address } = await start('node');
		const port = Number(new URL(address).port);
		await expect(start(kind, { port })).rejects.toThrow(new StartupError(`Cannot listen on 127.0.0.1:${port}: another program listens there. Stop it, or set PORT to a free port.`)); // prettier-ignore
		await expect(start(kind, { host: '192.0.2.1' })).rejects.toThrow(/does not have that address/);
	});
});

describe('without uWebSockets.js', () => {
	const load = (): never => {
		throw new Error("This version supports only…\n\nError: /lib/libm.so.6: version `GLIBC_2.38' not found");
	};

	it('Node’s server runs instead, with one warning that says why and what it costs', async () => {
		const lines: string[] = [];
		const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
		const { address, kind } = await start('auto', { load, log });
		expect(kind).toBe('node');
		expect((await fetch(`${address}/healthz`)).status).toBe(200);
		expect(lines).toHaveLength(1);
		expect(lines[0]).toMatch(/half the speed.*GLIBC_2\.38/);
	});

	it('nothing runs where it was demanded', async () => {
		await expect(start('uws', { load })).rejects.toThrow(/HTTP_SERVER=uws.*GLIBC_2\.38/);
	});
});
