/**
 * Who gets what answer: every route, method and topic that the running server has, asked for by everybody that there is.
 * What is expected stands here by itself, apart from the policy that decides. A route that is not here is a failure.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { io, type Socket } from 'socket.io-client';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { hashOf, newId, newSecret } from '../../src/lib/server/access/secrets';
import { fingerprint } from '../../src/fingerprint.js';
import { testDatabase, type TestDatabase } from '../support/database';
import { ADMIN_PASSWORD } from '../support/door';
import { useProcess } from '../support/process';

const VISITORS = [
	'nobody',
	'screen',
	'revoked screen',
	'viewer of shop a',
	'viewer',
	'operator',
	'admin',
	'write key',
	'token to read',
	'token to read shop a',
	'token for metrics',
	'token for backfills',
	'token to erase'
] as const;
type VisitorName = (typeof VISITORS)[number];

const people = ['viewer', 'operator', 'admin'] as const;
const readers = ['token to read', 'token to read shop a'] as const;
const EVERYBODY: readonly VisitorName[] = VISITORS;
const WALL: readonly VisitorName[] = ['screen', 'viewer of shop a', ...people];
const VIEW: readonly VisitorName[] = ['viewer of shop a', ...people];
const VIEW_ALL: readonly VisitorName[] = people;
const OPERATE: readonly VisitorName[] = ['operator', 'admin'];
const ADMINISTER: readonly VisitorName[] = ['admin'];
const READ: readonly VisitorName[] = [...VIEW, ...readers];
const READ_ALL: readonly VisitorName[] = [...people, 'token to read'];
const METRICS: readonly VisitorName[] = [...people, 'token for metrics'];
const BACKFILL: readonly VisitorName[] = [...OPERATE, 'token for backfills'];
const ERASE: readonly VisitorName[] = [...ADMINISTER, 'token to erase'];

/** Who may read it (GET), and who may do anything else with it. */
const EXPECTED: Record<string, [read: readonly VisitorName[], write: readonly VisitorName[]]> = {
	'/': [WALL, WALL],
	'/account': [VIEW, VIEW],
	'/analytics': [VIEW, ADMINISTER],
	'/audit': [ADMINISTER, ADMINISTER],
	'/audit/csv': [ADMINISTER, ADMINISTER],
	'/backfill': [OPERATE, OPERATE],
	'/costs': [VIEW, ADMINISTER],
	'/costs/prices': [VIEW_ALL, OPERATE],
	'/costs/requests': [VIEW, ADMINISTER],
	'/demo': [VIEW, VIEW],
	'/docs/api': [VIEW, ADMINISTER],
	'/erasures': [ADMINISTER, ADMINISTER],
	'/errors': [VIEW, ADMINISTER],
	'/errors/[group]': [VIEW, OPERATE],
	'/journey': [VIEW, ADMINISTER],
	'/keys': [ADMINISTER, ADMINISTER],
	'/login': [EVERYBODY, EVERYBODY],
	'/logout': [EVERYBODY, EVERYBODY],
	'/screen': [EVERYBODY, EVERYBODY],
	'/screens': [ADMINISTER, ADMINISTER],
	'/search': [VIEW, ADMINISTER],
	'/sessions': [VIEW, ADMINISTER],
	'/sessions/[sessionId]': [VIEW, OPERATE],
	'/setup': [VIEW, ADMINISTER],
	'/shops': [VIEW, ADMINISTER],
	'/shops/[domain]': [VIEW, ADMINISTER],
	'/system': [VIEW_ALL, OPERATE],
	'/users': [ADMINISTER, ADMINISTER],
	'/welcome': [EVERYBODY, EVERYBODY],
	'/api/analytics/events': [EVERYBODY, EVERYBODY],
	'/api/backfill': [BACKFILL, BACKFILL],
	'/api/backfill/[job]': [BACKFILL, BACKFILL],
	'/api/data-requests': [ERASE, ERASE],
	'/api/data-requests/[id]': [ERASE, ERASE],
	'/api/erasures': [ERASE, ERASE],
	'/api/erasures/[id]': [ERASE, ERASE],
	'/api/erasures/[id]/certificate': [ERASE, ERASE],
	'/api/openapi.json': [READ, READ],
	'/api/v1/ai-requests': [READ, READ],
	'/api/v1/costs': [READ, READ],
	'/api/v1/errors': [READ, READ],
	'/api/v1/errors/[group]': [READ, READ],
	'/api/v1/errors/list': [READ, READ],
	'/api/v1/errors/summary': [READ, READ],
	'/api/v1/events': [READ, READ],
	'/api/v1/events/counts': [READ, READ],
	'/api/v1/events/values': [READ, READ],
	'/api/v1/journey': [READ, READ],
	'/api/v1/prices': [READ_ALL, READ_ALL],
	'/api/v1/rejected': [READ_ALL, READ_ALL],
	'/api/v1/search': [READ, READ],
	'/api/v1/sessions': [READ, READ],
	'/api/v1/sessions/[sessionId]': [READ, READ],
	'/api/v1/setups': [READ, READ],
	'/api/v1/setups/summary': [READ, READ],
	'/api/v1/shops': [READ, READ],
	'/api/v1/shops/[domain]': [READ, READ],
	'/api/v1/system': [METRICS, METRICS],
	// Its signature decides; nobody here has one, and nobody is asked who they are.
	'/api/webhooks/shopify': [EVERYBODY, []],
	// Not of SvelteKit.
	'/healthz': [EVERYBODY, EVERYBODY],
	'/readyz': [EVERYBODY, EVERYBODY],
	'/sdk/v1/control-room.js': [EVERYBODY, EVERYBODY]
};
const NOT_OF_THE_PAGES = ['/healthz', '/readyz', '/sdk/v1/control-room.js'];

/** What stands in the place of a route's parameters: things of shop a. */
const PARAMETERS: Record<string, string> = {
	'[sessionId]': 's-a',
	'[domain]': 'a.example',
	'[group]': '0'.repeat(32),
	'[job]': '1',
	'[id]': '1'
};

let database: TestDatabase;
const server = useProcess(async () => {
	database = await testDatabase();
	return { DATABASE_URL: database.url, PORT: '0', ADMIN_PASSWORD };
});
const headersOf = new Map<VisitorName, Record<string, string>>();

beforeAll(async () => {
	const { sql } = database;
	for (const [name, role, shops] of [
		['viewer of shop a', 'viewer', ['a.example']],
		['viewer', 'viewer', null],
		['operator', 'operator', null],
		['admin', 'admin', null]
	] as const) {
		await sql`insert into users (id, name, role, shops) values (${name}, ${`the ${name}`}, ${role}, ${shops})`;
		headersOf.set(name, await loginOf(name));
	}
	for (const name of ['screen', 'revoked screen'] as const) {
		const secret = newSecret();
		await sql`
			insert into screens (id, name, token_hash, created_by, revoked_at)
			values (${name}, ${name}, ${hashOf(newSecret())}, 'test', ${name === 'screen' ? null : new Date()})`;
		await sql`insert into displays (id, token_hash, screen_id) values (${name}, ${hashOf(secret)}, ${name})`;
		headersOf.set(name, { cookie: `display=${secret}` });
	}
	for (const [name, scopes, shops] of [
		['token to read', ['read'], null],
		['token to read shop a', ['read'], ['a.example']],
		['token for metrics', ['metrics'], null],
		['token for backfills', ['backfill'], null],
		['token to erase', ['erase'], null]
	] as const) {
		const secret = newSecret();
		await sql`
			insert into api_tokens (id, name, token_hash, scopes, shops, created_by)
			values (${name}, ${name}, ${hashOf(secret)}, ${[...scopes]}, ${shops}, 'test')`;
		headersOf.set(name, { authorization: `Bearer ${secret}` });
	}
	const key = newSecret();
	await sql`
		insert into write_keys (id, name, kind, token_hash, created_by) values ('key', 'key', 'browser', ${hashOf(key)}, 'test')`;
	headersOf.set('write key', { authorization: `Bearer ${key}`, 'x-control-room-key': key });
	headersOf.set('nobody', {});
	for (const shop of ['a', 'b']) {
		await fetch(`${server().address}/api/analytics/events?key=${key}`, {
			method: 'POST',
			body: JSON.stringify({ type: 'session_started', sessionId: `s-${shop}`, shopDomain: `${shop}.example` })
		});
	}
});

async function loginOf(user: string): Promise<Record<string, string>> {
	const secret = newSecret();
	await database.sql`
		insert into logins (id, token_hash, user_id, expires_at)
		values (${newId()}, ${hashOf(secret)}, ${user}, now() + interval '1 hour')`;
	return { cookie: `login=${secret}` };
}

/** Of everything that SvelteKit's part of the running build answers. */
async function routesOfTheBuild(): Promise<string[]> {
	const folder = join('build', fingerprint('.'), 'kit');
	expect(readdirSync(folder)).toContain('manifest.js');
	const { manifest } = (await import(
		/* @vite-ignore */ pathToFileURL(join(process.cwd(), folder, 'manifest.js')).href
	)) as {
		manifest: { _: { routes: { id: string }[] } };
	};
	return manifest._.routes.map(({ id }) => id);
}

/** allowed, or how it was refused. */
async function answerTo(visitor: VisitorName, method: string, route: string): Promise<string> {
	const path = route.replaceAll(/\[\w+\]/g, (name) => PARAMETERS[name] ?? name);
	const isOfApi = route.startsWith('/api/');
	// It ends the login that it is sent with.
	const own = headersOf.get(visitor) ?? {};
	const headers = route === '/logout' && 'cookie' in own && VIEW.includes(visitor) ? await loginOf(visitor) : own;
	const type = isOfApi ? 'application/json' : 'application/x-www-form-urlencoded';
	const answer = await fetch(server().address + path, {
		method,
		redirect: 'manual',
		headers: {
			...headers,
			accept: isOfApi ? 'application/json' : 'text/html',
			...(method === 'GET' ? {} : { 'content-type': type })
		},
		...(method === 'GET' ? {} : { body: isOfApi ? '{}' : '' })
	});
	await answer.arrayBuffer();
	// A screen that is over is asked for another link.
	const isAway = /^\/(login|screen)\b/.test(answer.headers.get('location') ?? '');
	if (answer.status === 303 && isAway && route !== '/logout') return 'sent to log in';
	// No name and no password: whoever they are, the form was taken.
	if (answer.status === 401 && route === '/login') return 'allowed';
	if (answer.status === 401) return 'unauthorized';
	if (answer.status === 403) return 'forbidden';
	expect(answer.status, `${visitor} ${method} ${route}`).toBeLessThan(500);
	return 'allowed';
}

function expectedOf(visitor: VisitorName, method: string, route: string): string {
	const [read, write] = EXPECTED[route] ?? [[], []];
	if ((method === 'GET' ? read : write).includes(visitor)) return 'allowed';
	if (route === '/api/webhooks/shopify') return method === 'POST' ? 'unauthorized' : 'allowed';
	const isNobody = (['nobody', 'revoked screen', 'write key'] as VisitorName[]).includes(visitor);
	if (!isNobody) return 'forbidden';
	return route.startsWith('/api/') ? 'unauthorized' : 'sent to log in';
}

describe('who may', () => {
	it('is said here of every route that the server has', async () => {
		const routes = await routesOfTheBuild();
		expect([...routes, ...NOT_OF_THE_PAGES].sort()).toEqual(Object.keys(EXPECTED).sort());
	});

	it.each(['GET', 'POST', 'PUT', 'DELETE'])('send %s to each route is as it is said', async (method) => {
		const routes = Object.keys(EXPECTED);
		const given: Record<string, string> = {};
		const expected: Record<string, string> = {};
		const asked = routes.flatMap((route) => VISITORS.map((visitor) => ({ route, visitor })));
		await Promise.all(
			Array.from({ length: 8 }, async () => {
				for (let next = asked.shift(); next; next = asked.shift()) {
					const name = `${next.visitor}: ${method} ${next.route}`;
					given[name] = await answerTo(next.visitor, method, next.route);
					expected[name] = expectedOf(next.visitor, method, next.route);
				}
			})
		);
		expect(given).toEqual(expected);
	});

	it('hear each topic is as it is said', async () => {
		const topics: Record<string, readonly VisitorName[]> = {
			'control-room': WALL,
			changes: VIEW,
			'session:s-a': VIEW,
			'session:s-b': VIEW_ALL
		};
		const given: Record<string, string> = {};
		const expected: Record<string, string> = {};
		for (const visitor of VISITORS) {
			const socket = await connected(visitor);
			for (const [topic, who] of Object.entries(topics)) {
				const name = `${visitor}: ${topic}`;
				expected[name] = who.includes(visitor) ? 'heard' : 'refused';
				const reply = socket && ((await socket.emitWithAck('subscribe', topic)) as { error?: string });
				given[name] = reply && reply.error === undefined ? 'heard' : 'refused';
			}
		}
		expect(given).toEqual(expected);
	});
});

/** Null when the server does not take the connection. */
async function connected(visitor: VisitorName): Promise<Socket | null> {
	const socket = io(server().address, {
		transports: ['websocket'],
		reconnection: false,
		forceNew: true,
		extraHeaders: { ...headersOf.get(visitor), origin: server().address }
	});
	onTestFinished(() => void socket.close());
	return new Promise((resolve) => {
		socket.once('connect', () => resolve(socket));
		socket.once('connect_error', () => resolve(null));
	});
}
