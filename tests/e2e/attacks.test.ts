/**
 * What somebody tries who means ill and has no right to anything, against the real process as it runs in the open: what
 * docs/threat-model.md claims is shown here. Each test is one attempt; all are in one file, because they are made on the same
 * two processes, and are read beside that page.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { io } from 'socket.io-client';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { createKey, type NewKey } from '../../src/lib/server/access/keys';
import type { OpenApi } from '../../src/lib/server/api/document';
import { TESTER } from '../support/actor';
import { testDatabase, type TestDatabase } from '../support/database';
import { PASSWORD } from '../support/door';
import { useProcess } from '../support/process';
import { raw, statusesIn } from '../support/raw';

const EVENTS = '/api/analytics/events';
/** In how many requests the names of all parameters go together. */
const PARTIES = 6;

const databases: TestDatabase[] = [];
async function newDatabase(): Promise<TestDatabase> {
	const database = await testDatabase();
	databases.push(database);
	return database;
}
afterAll(() => Promise.all(databases.map((database) => database.drop())));

let ofClosed: TestDatabase;
/** As in the open: everybody has to log in, and a proxy of this machine says for whom it asks. */
const closed = useProcess(async () => {
	ofClosed = await newDatabase();
	return {
		DATABASE_URL: ofClosed.url,
		PORT: '0',
		ADMIN_PASSWORD: PASSWORD,
		TRUSTED_PROXIES: '127.0.0.1',
		// Few, so that a busy machine floods as well.
		INGEST_REQUESTS_PER_SECOND: '20',
		KEY_REQUESTS_PER_SECOND: '20'
	};
});
let ofOpen: TestDatabase;
/** As it comes: open to this machine alone. */
const open = useProcess(async () => {
	ofOpen = await newDatabase();
	return { DATABASE_URL: ofOpen.url, PORT: '0' };
});

const form = (fields: Record<string, string>): string => new URLSearchParams(fields).toString();
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** Every page that takes forms, and the actions of each. */
function actions(): string[] {
	const files = readdirSync('src/routes', { recursive: true, encoding: 'utf8' }).map((name) =>
		name.replaceAll('\\', '/')
	);
	return files.flatMap((name) => {
		const path = `/${name.replace(/\/?\+(page\.)?server\.ts$/, '').replaceAll(/\[\w+\]/g, '0'.repeat(32))}`;
		const source = name.endsWith('server.ts') ? readFileSync(join('src/routes', name), 'utf8') : '';
		if (name.endsWith('+server.ts'))
			return /export const POST\b/.test(source) && !path.startsWith('/api/') ? [path] : [];
		const [, body] = /export const actions\b[^=]*=\s*\{([^]*)/.exec(source) ?? [];
		if (body === undefined) return [];
		return [...body.matchAll(/^\t(?:async )?(\w+)[:(,]/gm)].map(([, action]) => (action === 'default' ? path : `${path}?/${action}`)); // prettier-ignore
	});
}

/** Whether a handshake is taken. */
function connects(address: string, headers: Record<string, string>): Promise<boolean> {
	const socket = io(address, { transports: ['websocket'], reconnection: false, forceNew: true, extraHeaders: headers });
	return new Promise<boolean>((resolve) => {
		socket.once('connect', () => {
			resolve(true);
		});
		socket.once('connect_error', () => {
			resolve(false);
		});
	}).finally(() => socket.disconnect());
}

/**
 * Asks until so many are refused for asking too often: whoever asks quicker than he may is, however quick the machine.
 * @returns the answers that refuse
 */
async function flooded(ask: (n: number) => Promise<Response>, least = 100): Promise<Response[]> {
	const refused: Response[] = [];
	for (let asked = 0; refused.length < least; asked += 100) {
		expect(asked, 'requests, and nobody was refused').toBeLessThan(50_000);
		const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => ask(asked + n)));
		refused.push(...answers.filter(({ status }) => status === 429));
	}
	return refused;
}

/** Logs in as the administrator. @returns the cookie */
async function logIn(
	headers: Record<string, string> = {},
	query = ''
): Promise<{ cookie: string; location: string | null }> {
	const { address } = closed();
	const answer = await fetch(`${address}/login${query}`, {
		method: 'POST',
		redirect: 'manual',
		headers: { ...FORM, accept: 'text/html', ...headers },
		body: form({ name: 'admin', password: PASSWORD })
	});
	return { cookie: answer.headers.getSetCookie()[0]?.split(';')[0] ?? '', location: answer.headers.get('location') };
}

describe('who has no login', () => {
	it('opens no socket: from another site, from no site, with a forged cookie or token', async () => {
		const { address } = closed();
		const { cookie } = await logIn();
		const attempts: Record<string, string>[] = [
			{},
			{ origin: address },
			{ origin: 'https://evil.example', cookie },
			{ origin: 'null', cookie },
			{ cookie: 'login=forged' },
			{ cookie: `login=${'A'.repeat(43)}` },
			{ cookie: `__Host-${cookie}` },
			{ authorization: 'Bearer forged' },
			{ 'x-forwarded-for': '127.0.0.1' },
			{ forwarded: 'for=127.0.0.1' }
		];
		for (const headers of attempts) expect([headers, await connects(address, headers)]).toEqual([headers, false]);
		expect(await connects(address, { cookie, origin: address })).toBe(true);
	});

	it('sees nothing with a forged, a cut, another one’s or an ended cookie', async () => {
		const { address } = closed();
		const { cookie } = await logIn();
		const status = async (value: string) => (await fetch(`${address}/sessions`, { redirect: 'manual', headers: { cookie: value } })).status; // prettier-ignore
		expect(await status(cookie)).toBe(200);
		await fetch(`${address}/logout`, { method: 'POST', redirect: 'manual', headers: { ...FORM, cookie } });
		for (const value of [
			cookie,
			cookie.slice(0, -1),
			`${cookie}A`,
			'login=',
			'login=__proto__',
			"login=' or 1=1 --",
			'login=%00',
			'display=x'
		]) {
			// prettier-ignore
			expect([value, await status(value)]).toEqual([value, 303]);
		}
	});

	it('is not taken for this machine by saying so, nor by another name for it', async () => {
		for (const headers of [
			{ host: 'evil.example' },
			{ host: 'localhost.evil.example' },
			{ host: '127.0.0.1.evil.example' },
			{ 'x-forwarded-for': '127.0.0.1' },
			{ forwarded: 'for=127.0.0.1' },
			{ via: '1.1 proxy' }
		]) {
			const head = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`).join(''); // prettier-ignore
			for (const path of ['/', '/sessions', '/api/v1/sessions']) {
				const answer = await raw(
					open().address,
					`GET ${path} HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
					/\r\n\r\n/
				);
				expect([headers, path, statusesIn(answer)[0]]).toEqual([headers, path, path.startsWith('/api') ? 401 : 303]);
			}
		}
	});

	it('does not get away from a limit by inventing addresses left of the one that the proxy saw', async () => {
		const { address } = closed();
		const limited = await flooded((n) =>
			fetch(`${address}/login`, {
				method: 'HEAD',
				headers: { 'x-forwarded-for': `198.51.100.${n % 250}, 203.0.113.50` }
			})
		);
		expect(Number(limited[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
		for (const [path, said] of [
			['/login', 'Too many requests'],
			['/api/v1/sessions', '"rate_limited"']
		] as const) {
			const headers = { accept: 'text/html', 'x-forwarded-for': '203.0.113.50' };
			const [refused] = await flooded(() => fetch(address + path, { headers }), 1);
			expect([path, await refused?.text()]).toEqual([path, expect.stringContaining(said)]);
		}
		expect((await fetch(`${address}/login`, { headers: { 'x-forwarded-for': '203.0.113.51' } })).status).toBe(200);
	});

	it('floods the event endpoint from one address and is told when to come back, readable for the page that sent it', async () => {
		const { address } = closed();
		const send = (who: string) => fetch(`${address}${EVENTS}`, { method: 'POST', headers: { origin: 'https://shop.example', 'x-forwarded-for': who }, body: '[]' }); // prettier-ignore
		const limited = await flooded(() => send('203.0.113.60'));
		expect(limited[0]?.headers.get('access-control-allow-origin')).toBe('*');
		expect(limited[0]?.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
		expect(await limited[0]?.json()).toMatchObject({ error: { code: 'rate_limited' } });
		expect((await send('203.0.113.61')).status).not.toBe(429);
		// Nor by another spelling of the path, which is the same to whoever decodes it.
		const spelt = () => fetch(`${address}/api/analytics/%65vents`, { method: 'POST', headers: { 'x-forwarded-for': '203.0.113.60' }, body: '[]' }); // prettier-ignore
		const again = await Promise.all(Array.from({ length: 300 }, spelt));
		expect(again.filter(({ status }) => status === 429).length).toBeGreaterThan(50);
	});
});

describe('who floods with a write key', () => {
	/** Makes a key, and waits until the process knows it. */
	async function make(kind: 'browser' | 'server'): Promise<NewKey> {
		const key = await createKey(ofClosed.sql, { name: 'flooded', shop: null, kind, origins: [] }, TESTER);
		onTestFinished(async () => {
			await ofClosed.sql`delete from write_keys where id = ${key.id}`;
		});
		const vouched = async () => {
			await send(key, kind, `198.51.100.${Math.floor(Math.random() * 250)}`, 'looks');
			return ofClosed.sql`select from analytics_events where key_id = ${key.id} limit 1`;
		};
		await expect.poll(vouched).toHaveLength(1);
		return key;
	}

	function send({ id, secret }: NewKey, kind: 'browser' | 'server', who: string, type = 'x'): Promise<Response> {
		const body = JSON.stringify({ type, id: randomUUID() });
		const t = Math.floor(Date.now() / 1000);
		const hex = (signing: string) => createHmac('sha256', signing).update(`${t}.${body}`).digest('hex');
		const proof: Record<string, string> =
			kind === 'browser'
				? { 'x-control-room-key': secret, origin: 'https://shop.example' }
				: { 'x-control-room-signature': `t=${t},id=${id},v1=${hex(secret)}` };
		return fetch(closed().address + EVENTS, { method: 'POST', headers: { 'x-forwarded-for': who, ...proof }, body });
	}

	it('is told when to come back, from however many addresses, and neither another key nor another address waits for it', async () => {
		const [flooded, other, server] = [await make('browser'), await make('browser'), await make('server')];
		const answers = await Promise.all(
			Array.from({ length: 500 }, (_, n) => send(flooded, 'browser', `198.51.100.${n % 250}`))
		);
		const limited = answers.filter(({ status }) => status === 429);
		expect(limited.length).toBeGreaterThan(100);
		expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(100);
		expect(limited[0]?.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
		expect(limited[0]?.headers.get('access-control-allow-origin')).toBe('*');
		expect(await limited[0]?.json()).toMatchObject({ error: { code: 'rate_limited' } });
		// From an address of those that flooded.
		expect((await send(other, 'browser', '198.51.100.1')).status).toBe(200);
		expect((await send(server, 'server', '198.51.100.1')).status).toBe(200);
		const unsigned = await fetch(closed().address + EVENTS, { method: 'POST', headers: { 'x-forwarded-for': '198.51.100.1' }, body: '[]' }); // prettier-ignore
		expect(unsigned.status).toBe(200);
	});

	it('does not use up a server’s by naming it, which everybody can, without its secret', async () => {
		const key = await make('server');
		const forged = { ...key, secret: 'made up' };
		await Promise.all(Array.from({ length: 400 }, (_, n) => send(forged, 'server', `198.51.100.${n % 250}`)));
		expect((await send(key, 'server', '198.51.100.2')).status).toBe(200);
	});
});

describe('a page of another site', () => {
	it('gets no form through, whichever page and action it names', async () => {
		const { address } = closed();
		const { cookie } = await logIn();
		const all = actions();
		expect(all.length).toBeGreaterThan(5);
		for (const path of all) {
			for (const headers of [
				{ origin: 'https://evil.example' },
				{ origin: 'null' },
				{ 'sec-fetch-site': 'cross-site' },
				// What a browser adds to every request once the proxy in front has asked for a password of its own.
				{ origin: 'https://evil.example', authorization: 'Basic YTpi' },
				{ 'sec-fetch-site': 'same-site', origin: 'https://other.example.com' }
			]) {
				const answer = await fetch(address + path, { method: 'POST', redirect: 'manual', headers: { ...FORM, cookie, ...headers }, body: form({ by: 'Eve' }) }); // prettier-ignore
				expect([path, headers, answer.status]).toEqual([path, headers, 403]);
			}
		}
	});

	it('sends nobody who logs in anywhere else', async () => {
		for (const to of [
			'//evil.example',
			'/\\evil.example',
			'/.//evil.example',
			'/..//evil.example',
			'/%2e//evil.example',
			'/\t/evil.example',
			'https://evil.example',
			'javascript:alert(1)',
			'/x\r\nset-cookie: a=b',
			'http:evil.example',
			'@evil.example'
		]) {
			const { location } = await logIn(
				{ 'x-forwarded-for': `203.0.113.${100 + to.length}` },
				`?to=${encodeURIComponent(to)}`
			);
			const landing = new URL(location ?? 'https://none.example', `${closed().address}/login`);
			expect([to, landing.origin]).toEqual([to, closed().address]);
		}
		const { location } = await logIn({}, '?to=/sessions%3Fstatus%3Derror');
		expect(location).toBe('/sessions?status=error');
	});

	it('finds no page in a cache that somebody else has looked at', async () => {
		const { address } = closed();
		const { cookie } = await logIn();
		const paths = ['/', '/docs/api', '/demo', '/nothing', '/sessions/nothing', '/users', '/audit/csv', '/api/v1/shops'];
		for (const path of [...paths, '/api/openapi.json']) {
			for (const headers of [{ cookie }, { accept: 'text/html' }]) {
				const answer = await fetch(address + path, { redirect: 'manual', headers });
				// No cache keeps a 303 that does not say so.
				if (answer.status === 303) continue;
				expect([path, answer.headers.get('cache-control')]).toEqual([path, expect.stringMatching(/no-store|private/)]);
			}
		}
	});

	it('frames no page, and may not read one', async () => {
		const { address } = open();
		for (const path of ['/', '/sessions', '/login', '/docs/api', '/nothing']) {
			const { headers } = await fetch(address + path);
			const policy = headers.get('content-security-policy') ?? '';
			expect([path, policy]).toEqual([path, expect.stringContaining("frame-ancestors 'none'")]);
			expect(/script-src ([^;]*)/.exec(policy)?.[1]).not.toContain('unsafe');
			expect([headers.get('access-control-allow-origin'), headers.get('cross-origin-opener-policy')]).toEqual([null, 'same-origin']); // prettier-ignore
		}
		const answer = await fetch(`${address}/api/v1/sessions`, { headers: { origin: 'https://evil.example' } });
		expect(answer.headers.get('access-control-allow-origin')).toBeNull();
	});
});

describe('bytes that mean ill', () => {
	it('in headers, too many or too long, are refused, and cost nobody else anything', async () => {
		const { address } = open();
		const many = Array.from({ length: 5_000 }, (_, n) => `X-${n}: a\r\n`).join('');
		const long = `Cookie: ${'a'.repeat(1_000_000)}\r\n`;
		for (const flood of [many, long, `X: ${'b'.repeat(17_000)}\r\n`]) {
			const answer = await raw(address, `GET /healthz HTTP/1.1\r\nHost: h\r\n${flood}\r\n`, /\r\n\r\n/);
			expect(answer).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
			expect((await fetch(`${address}/healthz`)).status).toBe(200);
		}
	});

	it('that come slowly, or never, are given up', async () => {
		const { address } = open();
		const starts = ['', 'GET / HT', `POST ${EVENTS} HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{"ev`];
		// Each is closed by the server, long before the test's own time is over.
		for (const answer of await Promise.all(starts.map((bytes) => raw(address, bytes)))) {
			expect(answer).toMatch(/^(HTTP\/1\.1 [45]\d\d |$)/);
		}
		const dripping = new Promise<void>((resolve) => {
			const socket = connect(Number(new URL(address).port), '127.0.0.1');
			const drip = setInterval(() => socket.write('X'), 1_000);
			socket.write('GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ');
			socket.on('error', () => undefined);
			socket.on('close', () => {
				clearInterval(drip);
				resolve();
			});
		});
		await dripping;
		expect((await fetch(`${address}/healthz`)).status).toBe(200);
	});

	it('packed small to become large, once and twice, are refused by their size', async () => {
		const { address } = open();
		const bomb = gzipSync(Buffer.alloc(512 * 1024 * 1024 - 1, ' '));
		const send = (body: Buffer) => fetch(`${address}${EVENTS}`, { method: 'POST', headers: { 'content-encoding': 'gzip' }, body: new Uint8Array(body) }); // prettier-ignore
		expect((await send(bomb)).status).toBe(413);
		expect((await send(gzipSync(bomb))).status).toBe(400);
		const [, before] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${open().pid}/status`, 'utf8')) ?? [];
		await Promise.all(Array.from({ length: 20 }, () => send(bomb.subarray(0, 1_000_000))));
		const [, after] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${open().pid}/status`, 'utf8')) ?? [];
		expect(Number(after) - Number(before)).toBeLessThan(400_000);
	});

	it('put no header of their own into an answer', async () => {
		const { address } = open();
		const INJECTED = '%0d%0ax-injected: 1%0d%0a%0d%0a<script>';
		for (const path of [
			`/login?to=/${INJECTED}`,
			`/${INJECTED}`,
			`/sessions/${INJECTED}`,
			`/sessions?shop=${INJECTED}&format=csv`,
			`/api/v1/sessions?format=csv&shop=${INJECTED}`,
			`/errors/${INJECTED}`
		]) {
			// prettier-ignore
			for (const running of [open(), closed()]) {
				const { headers } = await fetch(running.address + path.replaceAll(' ', '%20').replaceAll('<', '%3C'), { redirect: 'manual' }); // prettier-ignore
				expect([path, headers.get('x-injected')]).toEqual([path, null]);
			}
		}
		const asked = await fetch(`${address}${EVENTS}`, { method: 'OPTIONS', headers: { 'access-control-request-headers': 'x<y>:z' } }); // prettier-ignore
		expect(asked.headers.get('access-control-allow-headers')).not.toContain('<');
	});

	it.each([
		'/../package.json',
		'/..%2f..%2fpackage.json',
		'/%2e%2e/%2e%2e/etc/passwd',
		'/..%252f..%252fetc%252fpasswd',
		'/..\\..\\etc\\passwd',
		'/%5c..%5c..%5cetc/passwd',
		'/_app/..%00/..%00/etc/passwd',
		'/_app/immutable/../../../kit/index.js',
		'/favicon.svg%00.html',
		'//etc/passwd',
		'/sdk/v1/../../../main.js',
		'/.env',
		'/data/postgres',
		'/%c0%ae%c0%ae/etc/passwd'
	])('as a path reach no file: %s', async (path) => {
		// prettier-ignore
		const answer = await raw(open().address, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`, /\r\n\r\n[^]{20}/);
		expect([400, 404]).toContain(statusesIn(answer)[0]);
		expect(answer).not.toMatch(/root:|"private": true|import /);
	});
});

describe('data that means ill', () => {
	it('changes no prototype, from JSON, a form or a query', async () => {
		const { address } = open();
		const polluting = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"events":[{"type":"x","__proto__":{"sessionId":"p"},"data":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}]}'; // prettier-ignore
		expect((await fetch(`${address}${EVENTS}`, { method: 'POST', body: polluting })).status).toBe(200);
		const query = '__proto__[polluted]=1&constructor[prototype][polluted]=1&__proto__=1&constructor=1&toString=1';
		for (const path of [
			'/',
			'/sessions',
			'/errors',
			'/costs',
			'/analytics',
			'/journey',
			'/shops',
			'/setup',
			'/api/v1/sessions',
			'/api/v1/events',
			'/api/v1/costs'
		]) {
			// prettier-ignore
			expect([path, (await fetch(`${address}${path}?${query}`)).status]).toEqual([path, expect.toSatisfy((status: number) => status < 500)]); // prettier-ignore
		}
		for (const path of actions().filter((action) => !action.startsWith('/log'))) {
			const answer = await fetch(address + path, { method: 'POST', redirect: 'manual', headers: FORM, body: query });
			expect([path, answer.status]).toEqual([path, expect.toSatisfy((status: number) => status < 500)]);
		}
		const state = await (await fetch(`${address}/api/v1/system`)).text();
		expect(state).not.toContain('polluted');
	});

	it('is no SQL, in any parameter of any page or operation', async () => {
		const { address } = open();
		const document = (await (await fetch(`${address}/api/openapi.json`)).json()) as OpenApi;
		const operations = Object.entries(document.paths).flatMap(([path, item]) => {
			const { parameters = [] } = item['get'] ?? {};
			return item['get'] && path.startsWith('/api/v1/') ? [{ path, names: parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name) }] : []; // prettier-ignore
		});
		expect(operations.length).toBeGreaterThan(10);
		const every = [...new Set(operations.flatMap(({ names }) => names))];
		const pages = ['/sessions', '/errors', '/costs', '/costs/requests', '/analytics', '/journey', '/shops', '/setup', '/search', '/system']; // prettier-ignore
		// Whatever of these runs as SQL, in whatever statement, moves the sequence for good: no rollback takes that back.
		await ofOpen.sql.unsafe('create sequence break_in');
		const move = "nextval('break_in')";
		const payloads = [move, `'; select ${move}; --`, `' or ${move} > 0 or '1'='1`, `'||${move}||'`, `x') union select ${move}::text --`, `1 or ${move} > 0`, `"; select ${move}; --`, `$$||${move}||$$`, `\\' or ${move} > 0 --`, '$1', '\\', '%00', '%27%20--']; // prettier-ignore
		const faults: string[] = [];
		/** @returns whether it was answered with what was asked for */
		const ask = async (path: string, names: readonly string[], payload: string): Promise<boolean> => {
			const value = payload.startsWith('%') ? payload : encodeURIComponent(payload);
			const answer = await fetch(`${address}${path}?${names.map((name) => `${name}=${value}`).join('&')}`);
			const text = await answer.text();
			if (answer.status >= 500 || /syntax error|scrypt/.test(text)) faults.push(`${path} ${names.join(' ')} ${payload} ${answer.status}`); // prettier-ignore
			return answer.ok && !answer.redirected;
		};
		// Not all at once: whoever waits too long behind the others is answered with a fault, and this is no flood.
		for (const { path, names } of operations)
			for (const name of names) await Promise.all(payloads.map((payload) => ask(path.replaceAll(/\{\w+\}/g, "x'--"), [name], payload))); // prettier-ignore
		// A page takes no notice of most of these names: with each payload but the first, those that it did not refuse then go
		// together, in other company each time, so that none is always with one because of which it is not looked at.
		const [first = '', ...further] = payloads;
		for (const path of pages) {
			const alone = async (names: readonly string[], payload: string): Promise<boolean[]> => {
				const taken = [];
				for (const name of names) taken.push(await ask(path, [name], payload));
				return taken;
			};
			const taken = await alone(every, first);
			const refused = every.filter((_, at) => !taken[at]);
			const others = every.filter((_, at) => taken[at]);
			for (const [round, payload] of further.entries()) {
				const partyOf = (at: number) => (at + round * Math.floor(at / PARTIES)) % PARTIES;
				const parties = Array.from({ length: PARTIES }, (_, party) => others.filter((_, at) => partyOf(at) === party)); // prettier-ignore
				const together = async (names: readonly string[]) => (await ask(path, names, payload)) || alone(names, payload);
				await Promise.all([alone(refused, payload), ...parties.map(together)]);
			}
		}
		expect(faults).toEqual([]);
		expect(await ofOpen.sql`select is_called from break_in`).toEqual([{ is_called: false }]);
		expect(open().stderr()).not.toMatch(/syntax error|statement timeout/);
	});

	it('is no formula in a CSV', async () => {
		const { address } = open();
		const signs = ['=1+1', '+1', '-1+cmd|x', '@SUM(A1)', '\t=1', '\r=1'];
		const events = signs.map((sign, n) => ({ type: 'session_started', sessionId: `csv${n}`, shopDomain: `csv.example`, timestamp: new Date().toISOString(), data: { productTitle: sign } })); // prettier-ignore
		await fetch(`${address}${EVENTS}`, { method: 'POST', body: JSON.stringify(events) });
		const csv = await (await fetch(`${address}/api/v1/sessions?format=csv&shop=csv.example`)).text();
		expect(csv.split('\n').length).toBeGreaterThan(signs.length);
		expect(csv).not.toMatch(/(^|,|\n)"?([=+@\t\r]|-\D)/);
	});
});
