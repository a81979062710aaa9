/**
 * The API's document against the real process: each documented answer is given, and each answer that is given is
 * documented, with its headers and its body. And the page that people read it on. One file, because whether all of the
 * document was seen is counted over all of these answers.
 */
import { execFile } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createKey } from '../../src/lib/server/access/keys';
import { hashOf } from '../../src/lib/server/access/secrets';
import { takeTurn } from '../../src/lib/server/archive/backfill-turn';
import type { DocumentedOperation, OpenApi } from '../../src/lib/server/api/document';
import { axeFindings } from '../support/axe';
import { useBrowser } from '../support/browser';
import { TESTER } from '../support/actor';
import { testDatabase, type TestDatabase } from '../support/database';
import { startProcess, useProcess } from '../support/process';

const exec = promisify(execFile);
const openPage = useBrowser();
const EVENTS = '/api/analytics/events';
/** What no test can bring about: a fault of the server's own, and the moment between a signal and the end. */
const OUT_OF_REACH = ['sendEvents 500'];
const CODES_OUT_OF_REACH = ['internal', 'shutting_down'];

interface Api {
	address: string;
	database: TestDatabase;
	document: OpenApi;
	operations: Map<string, { method: string; path: string; operation: DocumentedOperation }>;
}

/** One process for all that does not mind what others do in it. */
let shared: TestDatabase;
const server = useProcess(async () => {
	shared = await testDatabase();
	return { DATABASE_URL: shared.url, PORT: '0' };
});
let api: Api;
beforeAll(async () => {
	api = await apiAt(server().address, shared);
	return () => shared.drop();
});

async function apiAt(address: string, database: TestDatabase): Promise<Api> {
	const answer = await fetch(`${address}/api/openapi.json`);
	const document = (await answer.json()) as OpenApi;
	const operations = Object.entries(document.paths).flatMap(([path, item]) =>
		Object.entries(item).map(([method, operation]) => [operation.operationId, { method, path, operation }] as const)
	);
	return { address, database, document, operations: new Map(operations) };
}

/** Reads a schema of the document as zod does, so that it can be applied to what the server says. */
function validator(document: OpenApi, schema: object): z.ZodType {
	const known = validators.get(schema);
	if (known) return known;
	const text = JSON.stringify(schema);
	// All schemas of the document are only read for those that refer to one.
	const whole = text.includes('#/components/schemas/')
		? JSON.stringify({ ...schema, $defs: document.components.schemas })
		: text;
	const local = JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/')) as Parameters<
		typeof z.fromJSONSchema
	>[0];
	const made = z.fromJSONSchema(local);
	validators.set(schema, made);
	return made;
}
const validators = new WeakMap<object, z.ZodType>();

/** What is wrong with an answer by the document. */
async function undocumented({ document, operations }: Api, id: string, answer: Response): Promise<string[]> {
	const known = operations.get(id)?.operation.responses[answer.status];
	if (!known) return [`status ${answer.status}`];
	const faults: string[] = [];
	const check = (what: string, schema: object, value: unknown): void => {
		const { error } = validator(document, schema).safeParse(value);
		if (error) faults.push(`${what}: ${z.prettifyError(error)}`);
	};
	for (const [name, { schema }] of Object.entries(known.headers ?? {})) check(name, schema, answer.headers.get(name));
	const text = await answer.text();
	const type = (answer.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
	const content = known.content?.[type];
	if (content) check('body', content.schema, type === 'application/json' ? JSON.parse(text) : text);
	else if (known.content || text !== '') faults.push(`a body of ${type || 'no type'}`);
	return faults;
}

type Call = (address: string) => Promise<Response>;

const post = (body: BodyInit, headers: Record<string, string> = { 'content-type': 'application/json' }): Call => {
	return (address) => fetch(address + EVENTS, { method: 'POST', body, headers });
};
const get = (path: string, init: RequestInit = {}): Call => {
	return (address) => fetch(address + path, init);
};
const unchanged = (path: string): Call => {
	return async (address) => {
		const etag = (await fetch(address + path)).headers.get('etag') ?? '';
		return fetch(address + path, { headers: { 'if-none-match': etag } });
	};
};
const pinned = (call: (path: string) => Call): Call => {
	return async (address) => {
		const manifest = (await (await fetch(`${address}/sdk/v1/manifest.json`)).json()) as Record<
			string,
			{ path: string }
		>;
		return call(manifest['control-room.js']?.path ?? '')(address);
	};
};
const zipped = (value: unknown): BodyInit => new Uint8Array(gzipSync(JSON.stringify(value)));
const event = { type: 'custom', shopDomain: 'a.myshopify.com' };
/** Events of one session of which something is known in every table. */
const told = (type: string, data: object) => ({ type, sessionId: 's/1', shopDomain: 'a.myshopify.com', data });
const SESSION = [
	told('session_started', { productTitle: 'Chair', productPrice: 12.5 }),
	told('step_update', { step: 'mask', status: 'failed', durationMs: 12, autoConfidence: 0.5 }),
	told('ai_request', { requestId: 'r', provider: 'fal', status: 'success', costUsd: 0.02 }),
	told('error', { errorCode: 'E1', errorMessage: 'it broke' })
];

/** An error that is a group of its own, and a product that is made ready. */
const GROUP = createHash('md5').update('E2\n').digest('hex');
const MORE = [
	{ type: 'error', sessionId: 's2', shopDomain: 'b.myshopify.com', data: { errorCode: 'E2', stack: 'at x' } },
	{ type: 'setup_started', shopDomain: 'b.myshopify.com', data: { productId: 'p1' } }
];

/** Of API tokens: for what the operations that change something ask for, and for something else. */
const TOKEN = 'a-token-of-operators';
const NARROW = 'a-token-for-something-else';
const UNABLE = 'a-token-for-reading';
const backfill = (body: unknown, headers: Record<string, string> = {}, path = ''): Call => {
	return (address) =>
		fetch(`${address}/api/backfill${path}`, {
			method: 'POST',
			body: typeof body === 'string' ? body : JSON.stringify(body),
			headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}`, ...headers }
		});
};
/** One that is not over yet. */
const steerWaiting: Call = async (address) => {
	await backfill({ from: '2020-01-01', to: '2020-01-31' })(address);
	return backfill({ action: 'cancel' }, {}, '/2')(address);
};

const SHOPIFY_API_SECRET = 'what shopify knows';
const asOperator = (path: string): Call => get(path, { headers: { authorization: `Bearer ${TOKEN}` } });
const erasure = (body: unknown, headers: Record<string, string> = {}): Call => {
	return (address) =>
		fetch(`${address}/api/erasures`, {
			method: 'POST',
			body: typeof body === 'string' ? body : JSON.stringify(body),
			headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}`, ...headers }
		});
};
/** The path of an erasure that is done. */
const erased =
	(rest = ''): Call =>
	async (address) => {
		const { id } = (await (await erasure({ kind: 'session', sessionId: 'nobody' })(address)).json()) as { id: string };
		const certificate = () => asOperator(`/api/erasures/${id}/certificate`)(address);
		await expect.poll(async () => (await certificate()).status).toBe(200);
		return asOperator(`/api/erasures/${id}${rest}`)(address);
	};
const webhook = (topic: string, body: string | object, headers: Record<string, string> = {}): Call => {
	const bytes = typeof body === 'string' ? body : JSON.stringify(body);
	const signature = createHmac('sha256', SHOPIFY_API_SECRET).update(bytes).digest('base64');
	return (address) =>
		fetch(`${address}/api/webhooks/shopify`, {
			method: 'POST',
			body: bytes,
			headers: {
				'content-type': 'application/json',
				'x-shopify-topic': topic,
				'x-shopify-hmac-sha256': signature,
				...headers
			}
		});
};
const CUSTOMER = { shop_domain: 'nobody.myshopify.com', customer: { id: 1, email: 'a@b.example', phone: null } };
const dataRequest: Call = async (address) => {
	const { recorded } = (await (await webhook('customers/data_request', CUSTOMER)(address)).json()) as {
		recorded: string;
	};
	return asOperator(`/api/data-requests/${recorded}`)(address);
};

/** Calls that bring each answer about. The server that is asked is healthy; see below for one that is not. */
const CALLS: Record<string, Call[]> = {
	'sendEvents 200': [
		post(JSON.stringify({ events: [event, event, 'no event', { type: 'large', data: 'x'.repeat(70_000) }] })),
		post(JSON.stringify([event]), { 'content-type': 'text/plain;charset=UTF-8' }),
		post(JSON.stringify(MORE)),
		post(JSON.stringify(SESSION)),
		post(zipped(event), { 'content-type': 'application/json', 'content-encoding': 'gzip' }),
		post(new Blob([JSON.stringify({ shop: 'a.myshopify.com', event_type: 'other' })]), {})
	],
	'sendEvents 400': [
		post('{'),
		post('{}'),
		post('no gzip', { 'content-encoding': 'gzip', 'content-type': 'text/plain' })
	],
	'sendEvents 405': [(address) => fetch(address + EVENTS, { method: 'DELETE' })],
	'sendEvents 413': [
		post(JSON.stringify('x'.repeat(1_048_577))),
		post(zipped('x'.repeat(1_048_577)), { 'content-encoding': 'gzip', 'content-type': 'text/plain' }),
		post(JSON.stringify(Array.from({ length: 1001 }, () => event)))
	],
	'sendEvents 415': [
		post('{}', { 'content-type': 'text/html' }),
		post('{}', { 'content-type': 'text/plain', 'content-encoding': 'br' })
	],
	'describeEvents 200': [get(EVENTS)],
	'preflightEvents 204': [
		get(EVENTS, { method: 'OPTIONS' }),
		get(EVENTS, { method: 'OPTIONS', headers: { 'access-control-request-headers': 'content-type' } })
	],
	'listEvents 200': [
		get('/api/v1/events'),
		get('/api/v1/events?limit=1&type=custom,error&q=a&field=a.b&value=(none)'),
		get('/api/v1/events?format=csv')
	],
	'listEvents 400': [get('/api/v1/events?cursor=nowhere'), get('/api/v1/events?limit=0')],
	'listEvents 405': [get('/api/v1/events', { method: 'DELETE' })],
	'countEvents 200': [get('/api/v1/events/counts'), get('/api/v1/events/counts?from=now-30d&type=custom')],
	'countEvents 400': [get('/api/v1/events/counts?from=then')],
	'countEvents 405': [
		get('/api/v1/events/counts', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })
	],
	'countFieldValues 200': [
		get('/api/v1/events/values?field=status'),
		get('/api/v1/events/values?from=now-30d&type=step_update&field=a.b&format=csv')
	],
	'countFieldValues 400': [get('/api/v1/events/values'), get('/api/v1/events/values?field=status&from=then')],
	'countFieldValues 405': [get('/api/v1/events/values?field=status', { method: 'DELETE' })],
	'listShops 200': [
		get('/api/v1/shops'),
		get('/api/v1/shops?sort=attention&active=1&limit=1'),
		get('/api/v1/shops?format=csv')
	],
	'listShops 400': [get('/api/v1/shops?sort=names')],
	'listShops 405': [get('/api/v1/shops', { method: 'DELETE' })],
	'readShop 200': [get('/api/v1/shops/a.myshopify.com'), get('/api/v1/shops/b.myshopify.com?format=csv')],
	'readShop 400': [get('/api/v1/shops/a.myshopify.com?from=yesterday')],
	'readShop 404': [get('/api/v1/shops/nobody.example'), get('/api/v1/shops/nobody.example?format=csv')],
	'readShop 405': [get('/api/v1/shops/a.myshopify.com', { method: 'PUT' })],
	'readSystem 200': [get('/api/v1/system')],
	'readSystem 400': [get('/api/v1/system?format=csv')],
	'readSystem 405': [get('/api/v1/system', { method: 'DELETE' })],
	'listRejected 200': [get('/api/v1/rejected'), get('/api/v1/rejected?replayed=1&limit=1')],
	'listRejected 400': [get('/api/v1/rejected?limit=101')],
	'listRejected 405': [get('/api/v1/rejected', { method: 'DELETE' })],
	'sdkScript 200': [get('/sdk/v1/control-room.js')],
	'sdkScript 304': [unchanged('/sdk/v1/control-room.js')],
	'sdkPinnedScript 200': [pinned(get)],
	'sdkPinnedScript 304': [pinned(unchanged)],
	'sdkPinnedScript 404': [get('/sdk/v1/0123456789abcdef/control-room.js')],
	'sdkManifest 200': [get('/sdk/v1/manifest.json')],
	'sdkManifest 304': [unchanged('/sdk/v1/manifest.json')],
	'health 200': [get('/healthz')],
	'health 405': [get('/healthz', { method: 'POST' })],
	'readiness 200': [get('/readyz')],
	'readiness 405': [get('/readyz', { method: 'DELETE' })],
	'listSessions 200': [
		get('/api/v1/sessions'),
		get('/api/v1/sessions?limit=1&status=in_progress&q=s&event=error'),
		get('/api/v1/sessions?format=csv')
	],
	'listSessions 400': [get('/api/v1/sessions?by=never'), get('/api/v1/sessions?limit=501')],
	'listSessions 405': [get('/api/v1/sessions', { method: 'DELETE' })],
	'readSession 200': [get('/api/v1/sessions/s%2F1')],
	'readSession 404': [get('/api/v1/sessions/nobody')],
	'readSession 405': [get('/api/v1/sessions/s%2F1', { method: 'PUT' })],
	'search 200': [get('/api/v1/search'), get('/api/v1/search?q=s')],
	'search 400': [get('/api/v1/search?q=%00')],
	'search 405': [get('/api/v1/search', { method: 'POST' })],
	'readCosts 200': [
		get('/api/v1/costs'),
		get('/api/v1/costs?from=now-30d&provider=fal&tz=Asia/Kathmandu'),
		get('/api/v1/costs?format=csv')
	],
	'readCosts 400': [get('/api/v1/costs?from=yesterday'), get('/api/v1/costs?format=xml')],
	'readCosts 405': [get('/api/v1/costs', { method: 'PUT' })],
	'listAiRequests 200': [
		get('/api/v1/ai-requests'),
		get('/api/v1/ai-requests?provider=fal&status=success&cost=told&cost_over=0.01&session=s%2F1&limit=1'),
		get('/api/v1/ai-requests?format=csv')
	],
	'listAiRequests 400': [get('/api/v1/ai-requests?cost=free'), get('/api/v1/ai-requests?limit=501')],
	'listAiRequests 405': [get('/api/v1/ai-requests', { method: 'PUT' })],
	'listPrices 200': [get('/api/v1/prices'), get('/api/v1/prices?format=csv')],
	'listPrices 400': [get('/api/v1/prices?format=xml')],
	'listPrices 405': [get('/api/v1/prices', { method: 'DELETE' })],
	'readJourney 200': [
		get('/api/v1/journey'),
		get('/api/v1/journey?device=mobile&product=Chair'),
		get('/api/v1/journey?format=csv')
	],
	'readJourney 400': [get('/api/v1/journey?from=yesterday')],
	'readJourney 405': [get('/api/v1/journey', { method: 'PUT' })],
	'listErrorGroups 200': [
		get('/api/v1/errors'),
		get('/api/v1/errors?from=now-7d&sort=seen&state=open&limit=1&q=e&step=(none)'),
		get('/api/v1/errors?format=csv')
	],
	'listErrorGroups 400': [get('/api/v1/errors?sort=luck'), get('/api/v1/errors?limit=0')],
	'listErrorGroups 405': [get('/api/v1/errors', { method: 'DELETE' })],
	'listErrors 200': [
		get('/api/v1/errors/list'),
		get('/api/v1/errors/list?device=(none)&limit=1'),
		get('/api/v1/errors/list?format=csv')
	],
	'listErrors 400': [get('/api/v1/errors/list?cursor=nowhere')],
	'listErrors 405': [get('/api/v1/errors/list', { method: 'DELETE' })],
	'readErrorGroup 200': [get(`/api/v1/errors/${GROUP}`)],
	'readErrorGroup 400': [get(`/api/v1/errors/${GROUP}?from=yesterday`)],
	'readErrorGroup 404': [get('/api/v1/errors/none')],
	'readErrorGroup 405': [get(`/api/v1/errors/${GROUP}`, { method: 'PUT' })],
	'sumErrors 200': [get('/api/v1/errors/summary'), get('/api/v1/errors/summary?from=now-30d&severity=error&q=e')],
	'sumErrors 400': [get('/api/v1/errors/summary?format=csv'), get('/api/v1/errors/summary?device=mobile')],
	'sumErrors 405': [get('/api/v1/errors/summary', { method: 'PUT' })],
	'sumSetups 200': [get('/api/v1/setups/summary'), get('/api/v1/setups/summary?from=now-7d&state=abandoned')],
	'sumSetups 400': [get('/api/v1/setups/summary?begun=maybe')],
	'sumSetups 405': [get('/api/v1/setups/summary', { method: 'DELETE' })],
	'listSetups 200': [get('/api/v1/setups'), get('/api/v1/setups?begun=1&limit=1'), get('/api/v1/setups?format=csv')],
	'listSetups 400': [get('/api/v1/setups?begun=maybe')],
	'listSetups 405': [get('/api/v1/setups', { method: 'DELETE' })],
	'startBackfill 202': [backfill({ from: '2020-01-01', to: '2020-01-31', prefix: 'analytics/', dryRun: true })],
	'startBackfill 400': [backfill({ from: 'then', to: '2020-01-31' }), backfill('{')],
	'startBackfill 405': [get('/api/backfill', { method: 'DELETE' })],
	'startBackfill 415': [backfill({}, { 'content-type': 'text/plain' })],
	'listBackfills 200': [get('/api/backfill')],
	'listBackfills 405': [get('/api/backfill', { method: 'PUT' })],
	'readBackfill 200': [get('/api/backfill/1')],
	'readBackfill 404': [get('/api/backfill/77'), get('/api/backfill/one')],
	'readBackfill 405': [get('/api/backfill/1', { method: 'PUT' })],
	'steerBackfill 200': [steerWaiting],
	'steerBackfill 400': [backfill({ action: 'hurry' }, {}, '/1'), backfill('{', {}, '/1')],
	'steerBackfill 404': [backfill({ action: 'pause' }, {}, '/77')],
	'steerBackfill 405': [get('/api/backfill/1', { method: 'DELETE' })],
	'steerBackfill 409': [backfill({ action: 'resume' }, {}, '/2')],
	'steerBackfill 415': [backfill({ action: 'pause' }, { 'content-type': 'text/plain' }, '/1')],
	'startErasure 202': [
		erasure({ kind: 'session', sessionId: 'nobody' }),
		erasure({ kind: 'customer', shopDomain: 'nobody.example', customer: { email: 'a@b.example' } })
	],
	'startErasure 400': [erasure({ kind: 'all' }), erasure('{')],
	'startErasure 405': [get('/api/erasures', { method: 'DELETE' })],
	'startErasure 415': [erasure({}, { 'content-type': 'text/plain' })],
	'listErasures 200': [asOperator('/api/erasures')],
	'listErasures 405': [get('/api/erasures', { method: 'PUT' })],
	'readErasure 200': [erased()],
	'readErasure 404': [asOperator('/api/erasures/1')],
	'readErasure 405': [get('/api/erasures/1', { method: 'PUT' })],
	'readCertificate 200': [erased('/certificate')],
	'readCertificate 404': [asOperator('/api/erasures/1/certificate')],
	'readCertificate 405': [get('/api/erasures/1/certificate', { method: 'PUT' })],
	'listDataRequests 200': [asOperator('/api/data-requests')],
	'listDataRequests 405': [get('/api/data-requests', { method: 'PUT' })],
	'readDataRequest 200': [dataRequest],
	'readDataRequest 404': [asOperator('/api/data-requests/1')],
	'readDataRequest 405': [get('/api/data-requests/1', { method: 'PUT' })],
	'shopifyWebhook 200': [
		webhook('customers/redact', CUSTOMER, { 'x-shopify-webhook-id': 'one' }),
		webhook('shop/redact', { shop_id: 1, shop_domain: 'nobody.myshopify.com' })
	],
	'shopifyWebhook 400': [webhook('shop/redact', '{'), webhook('shop/redact', {})],
	'shopifyWebhook 401': [webhook('shop/redact', {}, { 'x-shopify-hmac-sha256': 'bm8=' })],
	'shopifyWebhook 404': [webhook('orders/create', {})],
	'shopifyWebhook 405': [get('/api/webhooks/shopify')],
	'shopifyWebhook 413': [webhook('shop/redact', 'x'.repeat(70_000))],
	'describeApi 200': [get('/api/openapi.json')],
	'describeApi 405': [get('/api/openapi.json', { method: 'PUT' })]
};

/** An operation's path with something in the place of each parameter. */
const filled = (path: string): string => path.replaceAll(/\{\w+\}/g, '1');

/** Who is refused by an operation, and how: nobody, and a token that is for something else. */
function refusals({ security, responses }: DocumentedOperation): [number, Record<string, string>][] {
	if (!('403' in responses)) return [];
	const scopes = security.flatMap(({ token = [] }) => token);
	const other = scopes.includes('metrics') ? UNABLE : NARROW;
	return [
		[401, { authorization: 'Bearer somebody-else' }],
		[403, { authorization: `Bearer ${other}` }]
	];
}

/** From now on events without a key are refused, or are not any more. */
async function requireKeys({ address, database: { sql } }: Api, isRequired: boolean): Promise<void> {
	await sql`update access_settings set key_mode = ${isRequired ? 'require' : 'mark'}`;
	const status = async () => (await post('[]')(address)).status;
	await expect.poll(status).toBe(isRequired ? 401 : 200);
}

/** Asks as a proxy's client does, who is limited, until that is too often. */
async function tooOften(url: string, method: string): Promise<Response> {
	for (;;) {
		const ask = () => fetch(url, { method, headers: { via: '1.1 proxy' } });
		const answers = await Promise.all(Array.from({ length: 50 }, ask));
		const refused = answers.find(({ status }) => status === 429);
		for (const answer of answers) if (answer !== refused) await answer.body?.cancel();
		if (refused) return refused;
	}
}

/** The error codes that an answer may carry, by the document. */
function codesOf(document: OpenApi): Set<string> {
	const text = JSON.stringify(document.paths);
	return new Set([...text.matchAll(/"const":"([a-z_]+)"/g)].map((match) => match[1] ?? ''));
}

describe('the document of the API', () => {
	it('tells of every answer, and every answer that it tells of is given', async () => {
		const database = await testDatabase();
		onTestFinished(() => database.drop());
		const { address } = await startProcess({
			DATABASE_URL: database.url,
			PORT: '0',
			REQUEST_DEADLINE_MS: '4000',
			MAX_QUEUED_EVENTS: '1000',
			INGEST_REQUESTS_PER_SECOND: '1',
			SHOPIFY_API_SECRET
		});
		const api = await apiAt(address, database);
		await api.database.sql`
			insert into api_tokens (id, name, token_hash, scopes, created_by)
			values
				('1', 'operators', ${hashOf(TOKEN)}, '{read,backfill,erase}', 'test'),
				('2', 'another', ${hashOf(NARROW)}, '{metrics}', 'test'),
				('3', 'a third', ${hashOf(UNABLE)}, '{read}', 'test')`;
		// So that a backfill that waits goes on waiting.
		const turn = await takeTurn(api.database.url);
		onTestFinished(() => turn?.release());
		const given = new Set<string>();
		const codes = new Set<string>();
		const take = async (id: string, answer: Response): Promise<void> => {
			given.add(`${id} ${answer.status}`);
			const body = await answer.clone().text();
			codes.add(/^\{"error":\{"code":"(\w+)"/.exec(body)?.[1] ?? 'ok');
			expect(await undocumented(api, id, answer), `${id} ${answer.status} ${body.slice(0, 200)}`).toEqual([]);
		};
		for (const [key, calls] of Object.entries(CALLS)) {
			const [id = '', status] = key.split(' ');
			for (const call of calls) {
				const answer = await call(api.address);
				expect(`${id} ${answer.status}`).toBe(`${id} ${status}`);
				await take(id, answer);
			}
		}

		for (const [id, { method, path, operation }] of api.operations) {
			for (const [status, headers] of refusals(operation)) {
				const answer = await fetch(address + filled(path), { method, headers });
				expect(`${id} ${answer.status}`).toBe(`${id} ${status}`);
				await take(id, answer);
			}
		}
		await createKey(database.sql, { name: 'web', shop: null, kind: 'browser', origins: [] }, TESTER);
		await requireKeys(api, true);
		for (const headers of [{}, { 'x-control-room-key': 'none' }]) {
			await take('sendEvents', await post('[]', { 'content-type': 'application/json', ...headers })(address));
		}
		await requireKeys(api, false);
		for (const [id, { method, path, operation }] of api.operations) {
			if (!('429' in operation.responses)) continue;
			await take(id, await tooOften(address + filled(path), method));
		}

		// Whoever wants to commit waits for this transaction.
		await api.database.sql.begin(async (sql) => {
			await sql`lock table analytics_events`;
			const full = JSON.stringify(Array.from({ length: 1000 }, (_, n) => ({ ...event, data: { n } })));
			const answers = await Promise.all(Array.from({ length: 4 }, () => post(full)(api.address)));
			for (const answer of answers) await take('sendEvents', answer);
		});
		await api.database.drop();
		await expect.poll(() => get('/readyz')(api.address).then(({ status }) => status)).toBe(503);
		await take('readiness', await get('/readyz')(api.address));

		const documented = [...api.operations].flatMap(([id, { operation }]) =>
			Object.keys(operation.responses).map((status) => `${id} ${status}`)
		);
		expect([...given].sort()).toEqual(documented.filter((key) => !OUT_OF_REACH.includes(key)).sort());
		for (const code of codesOf(api.document)) {
			if (!CODES_OUT_OF_REACH.includes(code) && code !== 'ok') expect(codes).toContain(code);
		}
	});

	it('knows every endpoint and every method that there is', async () => {
		const files = readdirSync('src/routes/api', { recursive: true, encoding: 'utf8' })
			.map((name) => name.replaceAll('\\', '/'))
			.filter((name) => name.endsWith('+server.ts'));
		const endpoints = files.map((name) => `/api/${name.replace('/+server.ts', '').replaceAll(/\[(\w+)\]/g, '{$1}')}`);
		expect(Object.keys(api.document.paths)).toEqual(expect.arrayContaining(endpoints));

		for (const [path, item] of Object.entries(api.document.paths)) {
			if (path.startsWith('/sdk/')) continue;
			const own = Object.keys(item).map((method) => method.toUpperCase());
			const methods = new Set([...own, ...('get' in item ? ['HEAD'] : [])]);
			for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
				const answer = await fetch(api.address + path, { method });
				expect(answer.status !== 405, `${method} ${path}`).toBe(methods.has(method));
				if (answer.status !== 405) continue;
				expect(new Set(answer.headers.get('allow')?.split(', '))).toEqual(methods);
			}
		}
	});

	it('notices an answer that it does not tell of', async () => {
		const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
		const faults = (body: string, init: ResponseInit) => undocumented(api, 'health', new Response(body, init));
		expect(await faults('{"status":"ok"}', { headers })).toEqual([]);
		expect(await faults('{"status":"fine"}', { headers })).toEqual([expect.stringContaining('body')]);
		expect(await faults('{"status":"ok","more":1}', { headers })).toEqual([expect.stringContaining('body')]);
		expect(await faults('{"status":"ok"}', { headers: { ...headers, 'cache-control': 'public' } })).toEqual([
			expect.stringContaining('Cache-Control')
		]);
		expect(await faults('ok', { headers: { ...headers, 'content-type': 'text/plain' } })).toHaveLength(1);
		expect(await faults('{"status":"ok"}', { headers, status: 201 })).toEqual(['status 201']);
	});

	it('has examples that are what it describes and that the server takes, and lines that work in a terminal', async () => {
		for (const { path, operation } of api.operations.values()) {
			for (const [type, { schema, examples = {} }] of Object.entries(operation.requestBody?.content ?? {})) {
				for (const { summary, value } of Object.values(examples)) {
					expect(validator(api.document, schema).safeParse(value).error, summary).toBeUndefined();
					const body = typeof value === 'string' ? value : JSON.stringify(value);
					const answer = await fetch(api.address + path, { method: 'POST', body, headers: { 'content-type': type } });
					const told: unknown = await answer.json();
					if (path !== EVENTS) expect(answer.ok, summary).toBe(true);
					else expect(told, summary).toMatchObject({ success: true, duplicates: 0, rejected: [] });
				}
			}
			for (const { label, source } of operation['x-codeSamples'] ?? []) {
				expect(source).toContain(api.address);
				const { stdout, stderr } = await exec('sh', ['-c', source]);
				expect(stderr, label).toBe('');
				expect(/^(?:\{"error"|<)/.exec(stdout)?.[0], label).toBeUndefined();
				// The examples again, so they are known by their ids and contents.
				if (path === EVENTS && operation.requestBody)
					expect(JSON.parse(stdout)).toMatchObject({ accepted: 0, rejected: [] });
			}
		}
	});

	it('is for every origin to read, and says for how long it stays the same', async () => {
		const { address } = api;
		const answer = await fetch(`${address}/api/openapi.json`, { headers: { origin: 'https://tools.example' } });
		expect(answer.headers.get('access-control-allow-origin')).toBe('*');
		expect(answer.headers.get('cache-control')).toBe('private, max-age=300');
	});
});

describe('the page of the API', () => {
	it('shows every operation, answer, event type and schema without JavaScript, and its links lead to them', async () => {
		const page = await openPage(`${api.address}/docs/api`, { javaScriptEnabled: false });
		for (const { path, operation } of api.operations.values()) {
			const section = page.locator(`section#${operation.operationId}`);
			const text = (await section.innerText()).replaceAll(/\s+/g, ' ');
			for (const word of [path, operation.summary, ...Object.keys(operation.responses)]) expect(text).toContain(word);
			for (const { name } of operation.parameters ?? []) expect(text).toContain(name);
		}
		for (const code of codesOf(api.document)) if (code !== 'ok') expect(await page.content()).toContain(code);
		const ids = await page.locator('[id]').evaluateAll((elements) => elements.map(({ id }) => id));
		expect(ids).toEqual([...new Set(ids)]);
		for (const name of Object.keys(api.document.components.schemas)) expect(ids).toContain(`schema-${name}`);
		const links = await page.locator('a[href^="#"]').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
		for (const link of links) expect(ids).toContain(link?.slice(1));
		expect(await page.getByRole('button').filter({ visible: true }).count()).toBe(0);
	});

	it.each(['light', 'dark'] as const)(
		'has nothing that axe would find, in %s, and fits into a hand',
		async (scheme) => {
			const { address } = api;
			const page = await openPage(`${address}/docs/api`, {
				colorScheme: scheme,
				viewport: { width: 390, height: 844 }
			});
			await page.getByText('On this page').click();
			expect(await axeFindings(page)).toEqual([]);
			expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
		}
	);
});
