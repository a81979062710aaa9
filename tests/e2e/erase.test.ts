/**
 * Forgetting through the real process: asked for over HTTP, by Shopify, by the command line and on the page; killed in its
 * middle; and then everything brought back from the archive. Nothing of it is anywhere, searched byte by byte.
 */
import { execFile } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { FileStore } from '../../src/lib/server/archive/files';
import { verify } from '../../src/lib/server/commit/rebuild';
import { connect, type Sql } from '../../src/lib/server/db/connect';
import { writeOlder } from '../support/archive';
import { useBrowser } from '../support/browser';
import { testDatabase, type TestDatabase } from '../support/database';
import { placesNaming } from '../support/forgetting';
import { startProcess, temporaryFolder, type Running } from '../support/process';
import { slowDown } from '../support/slow';

const SHOP = 'forgotten-shop.myshopify.com';
const STAYS = 'staying-shop.myshopify.com';
const SESSION = 'sess_forgotten_1';
const EMAIL = 'anna.forgotten@example.org';
const SHOPIFY_API_SECRET = 'what shopify knows';
/** Of 900 events each, of a shop that is forgotten in pieces of at most some thousands. */
const PARTS = 12;
const openPage = useBrowser();

let database: TestDatabase;
let sql: Sql;
let folder: string;
let settings: NodeJS.ProcessEnv;

beforeEach(async () => {
	database = await testDatabase();
	({ sql } = database);
	folder = await temporaryFolder();
	settings = {
		DATABASE_URL: database.url,
		PORT: '0',
		ARCHIVE_URL: pathToFileURL(folder).href,
		ARCHIVE_MAX_AGE_SECONDS: '0',
		SHOPIFY_API_SECRET
	};
	return () => database.drop();
});

const story = (sessionId: string, shopDomain: string, more: object = {}) =>
	['session_started', 'step_update', 'ai_request', 'error', 'session_ended'].map((type) => ({
		type,
		sessionId,
		shopDomain,
		data: { step: 'mask', status: 'completed', requestId: 'r', costUsd: 0.1, errorMessage: `in ${sessionId}`, ...more }
	}));

async function send(address: string, events: object[]): Promise<Record<string, unknown>> {
	const answer = await fetch(`${address}/api/analytics/events`, {
		method: 'POST',
		body: JSON.stringify({ events }),
		headers: { 'content-type': 'application/json' }
	});
	expect(answer.status).toBe(200);
	return (await answer.json()) as Record<string, unknown>;
}

function command(address: string, path: string, body?: object): Promise<Response> {
	const headers = { 'content-type': 'application/json' };
	return fetch(address + path, body ? { method: 'POST', body: JSON.stringify(body), headers } : { headers });
}

const shipped = () =>
	expect
		.poll(
			async () => {
				const [row] = await sql`
					select from commits where archive_object is null and source <> 'backfill'
					union all select from archive_objects where state = 'waiting' limit 1`;
				return row === undefined;
			},
			{ timeout: 60_000 }
		)
		.toBe(true);

const allDone = () =>
	expect
		.poll(async () => (await sql`select from erasures where finished_at is null limit 1`).length, { timeout: 90_000 })
		.toBe(0);

async function backfillAll(address: string): Promise<void> {
	const asked = await command(address, '/api/backfill', { from: '2020-01-01', to: '2100-01-01' });
	expect(asked.status).toBe(202);
	const { id } = (await asked.json()) as { id: number };
	const state = async () => ((await (await command(address, `/api/backfill/${id}`)).json()) as { state: string }).state;
	await expect.poll(state).toBe('done');
}

const placesOf = (text: string, ...processes: Running[]) =>
	placesNaming(text, sql, folder, processes.map((one) => one.stdout() + one.stderr()).join('\n'));

async function expectVerified(): Promise<void> {
	const differences = await verify(sql);
	expect(differences.filter(({ onlyLive, onlyRebuilt }) => onlyLive + onlyRebuilt > 0)).toEqual([]);
}

describe('what an operator forgets', () => {
	it('is nowhere, also not after everything was brought back from the archive', async () => {
		const server = await startProcess({ ...settings, LOG_LEVEL: 'trace' });
		const { address } = server;
		const mine = story(SESSION, STAYS);
		const setup = { type: 'setup_started', shopDomain: SHOP, data: { productId: 'p' } };
		await send(address, [...mine, ...story('sess_of_shop', SHOP), ...story('sess_stays', STAYS), setup]);
		await send(address, [{ sessionId: SESSION }] as object[]);
		await writeOlder(new FileStore(folder), '2025-11-03T10:00:02.000Z', [
			...story('sess_old', SHOP).map((event) => ({ ...event, timestamp: '2025-11-03T10:00:00.000Z' })),
			...story('sess_old_stays', STAYS)
		]);
		await shipped();
		for (const text of [SESSION, SHOP]) expect((await placesOf(text, server)).length).toBeGreaterThan(8);

		const asked = await command(address, '/api/erasures', { kind: 'session', sessionId: SESSION });
		expect(asked.status).toBe(202);
		const { id } = (await asked.json()) as { id: string };
		expect((await command(address, '/api/erasures', { kind: 'shop', shopDomain: SHOP })).status).toBe(202);
		await allDone();
		for (const text of [SESSION, SHOP]) expect(await placesOf(text, server), text).toEqual([]);

		await backfillAll(address);
		expect(await send(address, mine)).toMatchObject({ accepted: 0, duplicates: 5 });
		await shipped();
		for (const text of [SESSION, SHOP]) expect(await placesOf(text, server), text).toEqual([]);
		await expectVerified();
		expect(await sql`select session_id, event_count from sessions order by 1`).toEqual([
			{ session_id: 'sess_old_stays', event_count: 5 },
			{ session_id: 'sess_stays', event_count: 5 }
		]);

		const certificate = await command(address, `/api/erasures/${id}/certificate`);
		const text = await certificate.text();
		expect(JSON.parse(text)).toMatchObject({ kind: 'session', removed: { analytics_events: 5, rejected_events: 1 } });
		const detail = (await (await command(address, `/api/erasures/${id}`)).json()) as { certificateSha256: string };
		expect(detail.certificateSha256).toBe(createHash('sha256').update(text).digest('hex'));
	});

	it('is forgotten by whichever process comes next when the one at work is killed', async () => {
		const first = await startProcess(settings);
		for (let part = 0; part < PARTS; part++) {
			const sessions = Array.from({ length: 180 }, (_, n) => story(`sess_${part}_${n}`, SHOP));
			await send(first.address, sessions.flat());
		}
		await send(first.address, story('sess_stays', STAYS));
		await shipped();
		await slowDown(sql, 'update of counts on erasures', 300);
		await command(first.address, '/api/erasures', { kind: 'shop', shopDomain: SHOP });
		const removed = async () => {
			const [row] = await sql<{ events: number; step: string }[]>`
				select coalesce((counts ->> 'analytics_events')::int, 0) as events, step from erasures`;
			return row?.step === 'log' ? row.events : 0;
		};
		await expect.poll(removed, { timeout: 60_000, interval: 20 }).toBeGreaterThan(0);
		first.kill('SIGKILL');
		await first.ended;
		const left = await sql`select from analytics_events where shop_domain = ${SHOP} limit 1`;
		expect(left).toHaveLength(1);
		await expectVerified();

		// Its turn passes when it has said nothing for a while.
		await sql`update erasures set claimed_until = now()`;
		const second = await startProcess(settings);
		await allDone();
		await backfillAll(second.address);
		expect(await placesOf(SHOP, first, second)).toEqual([]);
		const [{ counts } = { counts: {} }] = await sql<{ counts: Record<string, number> }[]>`select counts from erasures`;
		expect(counts).toMatchObject({ analytics_events: PARTS * 180 * 5, sessions: PARTS * 180 });
		await expectVerified();
	});

	it('can be asked for on the command line, which prints the certificate', async () => {
		const server = await startProcess(settings);
		await send(server.address, story(SESSION, STAYS));
		await shipped();
		const { stdout } = await promisify(execFile)(
			process.execPath,
			['src/launch.js', 'cli', 'erase', '--session', SESSION, '--yes'],
			{ env: { PATH: process.env.PATH, HOME: process.env.HOME, ...settings } }
		);
		expect(JSON.parse(stdout)).toMatchObject({ kind: 'session', removed: { analytics_events: 5, objects_removed: 1 } });
		expect(await placesOf(SESSION)).toEqual([]);
	});

	it('can be asked for on the page without JavaScript, by who types the name once more', async () => {
		const { address } = await startProcess(settings);
		await send(address, story(SESSION, STAYS));
		const page = await openPage(`${address}/erasures`, { javaScriptEnabled: false });
		await page.getByLabel('Session its id').fill(SESSION);
		await page.getByRole('button', { name: 'Forget for good' }).click();
		await page.getByText('this cannot be undone').waitFor();
		expect(await sql`select from erasures`).toHaveLength(0);
		await page.getByLabel('Once more').fill(SESSION);
		await page.getByRole('button', { name: 'Forget for good' }).click();
		await page.getByRole('cell', { name: 'an administrator' }).waitFor();
		await allDone();
		await page.reload();
		expect(await page.getByRole('link', { name: 'JSON' }).count()).toBe(1);
		expect(await page.content()).not.toContain(SESSION);
	});
});

describe('what Shopify asks for', () => {
	const CUSTOMER = { id: 7_000_000_000_001, email: EMAIL, phone: null };

	function webhook(
		address: string,
		topic: string,
		body: object,
		change: Record<string, string> = {}
	): Promise<Response> {
		const bytes = JSON.stringify(body);
		const signature = createHmac('sha256', SHOPIFY_API_SECRET).update(bytes).digest('base64');
		const headers = {
			'content-type': 'application/json',
			'x-shopify-topic': topic,
			'x-shopify-hmac-sha256': signature,
			'x-shopify-webhook-id': `delivery of ${topic}`,
			...change
		};
		return fetch(`${address}/api/webhooks/shopify`, { method: 'POST', body: bytes, headers });
	}

	it('is done when Shopify signed it, once however often it is delivered', async () => {
		const server = await startProcess(settings);
		const { address } = server;
		await send(address, [
			...story('sess_anna_1', STAYS, { contact: { mail: EMAIL } }),
			...story('sess_anna_2', STAYS, { customer: CUSTOMER.id }),
			...story('sess_stays', STAYS),
			...story('sess_elsewhere', SHOP, { customer: CUSTOMER.id })
		]);
		await shipped();
		const about = { shop_id: 1, shop_domain: STAYS, customer: CUSTOMER };

		const request = await webhook(address, 'customers/data_request', { ...about, orders_requested: [] });
		expect(request.status).toBe(200);
		const { recorded } = (await request.json()) as { recorded: string };
		const answer = (await (await command(address, `/api/data-requests/${recorded}`)).json()) as Record<
			string,
			unknown[]
		>;
		expect(answer['sessions']?.map((row) => (row as { session_id: string }).session_id)).toEqual([
			'sess_anna_1',
			'sess_anna_2'
		]);
		expect(answer['events']).toHaveLength(10);

		for (let time = 0; time < 3; time++) {
			expect((await webhook(address, 'customers/redact', { ...about, orders_to_redact: [] })).status).toBe(200);
		}
		expect(await sql`select from erasures`).toHaveLength(1);
		await allDone();
		await backfillAll(address);
		for (const text of [EMAIL, 'sess_anna']) expect(await placesOf(text, server), text).toEqual([]);
		// Nothing is left to tell of.
		expect((await command(address, `/api/data-requests/${recorded}`)).status).toBe(404);

		expect((await webhook(address, 'shop/redact', { shop_id: 2, shop_domain: SHOP })).status).toBe(200);
		await allDone();
		await backfillAll(address);
		expect(await placesOf(SHOP, server)).toEqual([]);
		expect(await sql`select session_id from sessions`).toEqual([{ session_id: 'sess_stays' }]);
		await expectVerified();
	});

	it('is answered 503 while it can not be kept, and taken when Shopify sends it again', async () => {
		const { address } = await startProcess(settings);
		const superuser = connect({ url: inject('superuserUrl'), application: 'tests', max: 1 });
		const name = new URL(database.url).pathname.slice(1);
		await superuser.unsafe(`alter database ${name} allow_connections false`);
		await superuser`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
		const redact = () => webhook(address, 'shop/redact', { shop_id: 1, shop_domain: SHOP });
		const away = await redact();
		expect([away.status, away.headers.get('retry-after')]).toEqual([503, '30']);
		expect(await away.json()).toMatchObject({ error: { code: 'database_unavailable' } });
		await superuser.unsafe(`alter database ${name} allow_connections true`);
		await superuser.end();
		await expect.poll(async () => (await redact()).status).toBe(200);
		expect(await sql`select from erasures`).toHaveLength(1);
	});

	it('is refused without its signature, and by a server that has no secret', async () => {
		const { address } = await startProcess(settings);
		const body = { shop_id: 1, shop_domain: STAYS };
		for (const signature of [
			'',
			'bm90IGl0',
			createHmac('sha256', 'another').update(JSON.stringify(body)).digest('base64')
		]) {
			expect((await webhook(address, 'shop/redact', body, { 'x-shopify-hmac-sha256': signature })).status).toBe(401);
		}
		const unset = await startProcess({ ...settings, SHOPIFY_API_SECRET: '' });
		expect((await webhook(unset.address, 'shop/redact', body)).status).toBe(401);
		expect(await sql`select from erasures`).toHaveLength(0);
	});
});
