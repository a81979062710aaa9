/**
 * The clients that shops have deployed, as witnesses of the wire: replayed in pages of another origin beside the SDK and
 * its layer with their names. Whoever tells of a shopper's walk, whatever happens to requests and answers on the way, and
 * in whichever order and spelling it comes: each event is in the log once, and the tables say the same.
 */
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Sql } from '../../src/lib/server/db/connect';
import { useBrowser } from '../support/browser';
import { testDatabase } from '../support/database';
import { startProcess } from '../support/process';
import { openNetwork, openSdkShop, type Network } from '../support/sdk-shop';
import { openShop, visit, type ClientEvent } from '../support/shop';
import { logOf, tablesOf } from '../support/told';
import { tellByOldNames, tellBySdk, WALK, walkEvents } from '../support/walk';

const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 25 };
/** A telephone, as the deployed clients' device context describes it. */
const IPHONE = {
	userAgent:
		'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'
};

async function startRoom(): Promise<{ address: string; sql: Sql }> {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
	return { address, sql: database.sql };
}

/** The page of the deployed clients, behind a network of its own. */
async function openDeployed(address: string): Promise<{ page: Page; network: Network }> {
	const network = await openNetwork(address);
	const page = await openShop(openPage, new URL(network.endpoint).origin);
	return { page, network };
}

const TYPES = WALK.map(([type]) => type).sort();
/** The clocks of two clients are not the same. */
const UNTIMED = false;
const TIMED = true;

function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
	let state = seed;
	const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
	return items
		.map((item) => [random(), item] as const)
		.sort(([one], [other]) => one - other)
		.map(([, item]) => item);
}

describe('a shopper’s walk', () => {
	it('is in the log once and the same in the tables, whichever client told it over a network that fails', async () => {
		const { address, sql } = await startRoom();
		const shops = ['a', 'b', 'b-fallback', 'c', 'sdk', 'old-names'].map((name) => `${name}.myshopify.com`);
		const [a = '', b = '', fallback = '', c = '', sdk = '', oldNames = ''] = shops;
		const faults = [
			{ status: 500 },
			'loses its answer',
			'is cut',
			{ status: 429, headers: { 'retry-after': '1' } }
		] as const;

		// A: ten at a time, put back after a failure, and sent again together with newer ones.
		const first = await openDeployed(address);
		first.network.fate = (number) => faults[number] ?? 'passes';
		const isDone = () => first.page.evaluate(() => window.shop.sdk.isDone());
		await first.page.evaluate(async (events) => {
			window.shop.sdk.track(...events.slice(0, 4));
			await window.shop.sdk.flush();
			window.shop.sdk.track(...events.slice(4));
			window.shop.sdk.start(50);
		}, walkEvents(a));
		await expect.poll(isDone, PATIENCE).toBe(true);
		const [failed = [], again = []] = first.network.requests;
		expect([failed.length, again.slice(0, 4), again.length]).toEqual([4, failed, 10]);

		// B: beacons, whose answers nobody reads; where the browser takes none, as A.
		const second = await openDeployed(address);
		second.network.fate = (number) => (number === 0 ? 'loses its answer' : 'passes');
		await second.page.evaluate((events) => window.shop.beacon.track(...events), walkEvents(b));
		await expect.poll(() => logOf(sql, b), PATIENCE).toEqual(TYPES);
		expect(second.network.types).toEqual(['text/plain;charset=UTF-8']);
		second.network.fate = (number) => faults[number - 1] ?? 'passes';
		await second.page.evaluate((events) => {
			navigator.sendBeacon = () => false;
			window.shop.sdk.start(50);
			window.shop.beacon.track(...events);
		}, walkEvents(fallback));
		await expect.poll(() => second.page.evaluate(() => window.shop.sdk.isDone()), PATIENCE).toBe(true);

		// C: a request an event, all at the same time; whoever does not repeat can only lose answers.
		const third = await openDeployed(address);
		third.network.fate = (number) => (number % 3 === 0 ? 'loses its answer' : 'passes');
		await third.page.evaluate((events) => window.shop.modal.track(...events), shuffled(walkEvents(c), 7));

		for (const shop of [sdk, oldNames]) {
			const network = await openNetwork(address);
			network.fate = (number) => faults[number] ?? 'passes';
			const page = await openPage(await openSdkShop(address, network.endpoint, { shopDomain: sdk }), IPHONE);
			await (shop === sdk ? tellBySdk(page) : tellByOldNames(page, shop, network.endpoint));
			expect(network.requests.length).toBeGreaterThan(faults.length);
			expect(await page.evaluate(() => window.drops)).toEqual([]);
		}

		const told = await tablesOf(sql, a, UNTIMED);
		expect(told).toMatchObject({
			sessions: [
				{
					status: 'completed',
					duration_ms: '61000',
					steps_completed: 4,
					product_price: '1299.5',
					total_ai_cost: '0.42',
					regeneration_count: 1,
					error_count: 1,
					event_count: WALK.length,
					added_to_cart: true
				}
			],
			session_steps: [
				{ step: 'final', status: 'completed', started: false },
				{ step: 'inpaint', status: 'completed', duration_ms: '5000' },
				{ step: 'mask', status: 'completed', mask_edit_count: 2, auto_vs_manual: 'hybrid' },
				{ step: 'placement', status: 'skipped' },
				{ step: 'room_capture', status: 'completed', retake_count: 1 }
			],
			errors: [{ error_code: 'MASK_EMPTY', step: 'mask', os: 'iOS', is_user_facing: true }],
			ai_requests: [{ request_id: 'r1', status: 'success', cost_usd: '0.42' }],
			shops: [{ total_sessions: 1, completed_sessions: 1 }]
		});
		for (const shop of shops) {
			expect([shop, await logOf(sql, shop)]).toEqual([shop, TYPES]);
			expect([shop, await tablesOf(sql, shop, UNTIMED)]).toEqual([shop, told]);
		}
		expect(await sql`select 1 from rejected_events`).toHaveLength(0);
	});

	it('is the same in the tables whichever order its events come in, also without a start, an end, or a step’s beginning', async () => {
		const { address, sql } = await startRoom();
		const { page } = await openDeployed(address);
		const events = walkEvents('in-order.myshopify.com').filter(
			({ type, data }) => type !== 'session_ended' && data['step'] !== 'final'
		);
		/** The same walk at the same times, in another shop. */
		const elsewhere = (shopDomain: string): ClientEvent[] =>
			events.map((event) => ({ ...event, shopDomain, sessionId: `of ${shopDomain}` }));
		await page.evaluate(async (events) => {
			for (const event of events) await window.shop.modal.track(event);
		}, events);
		const told = await tablesOf(sql, 'in-order.myshopify.com', TIMED);
		expect(told['sessions']).toMatchObject([{ status: 'in_progress', current_step: 'placement' }]);
		for (const seed of [1, 2, 3, 4, 5]) {
			const shop = `shuffled-${seed}.myshopify.com`;
			const statuses = await page.evaluate(
				(events) => window.shop.modal.track(...events),
				shuffled(elsewhere(shop), seed * 7919)
			);
			expect(new Set(statuses)).toEqual(new Set([200]));
			expect(await tablesOf(sql, shop, TIMED)).toEqual(told);
		}
	});

	it('is understood in the storefront beacon’s words: no shop, steps as events of their own, an end when the page goes away', async () => {
		const { address, sql } = await startRoom();
		const { page, network } = await openDeployed(address);
		const { sessionId, event } = visit('');
		const words = { flow: 'modal-v2', env: 'production', flow_version: '2.1', app_version: '9' };
		const events = [
			event('session_started', { productId: 'p1', ...words }),
			...['room_uploaded', 'variants_generated', 'variant_selected'].map((type) => event(type, { count: 4 }))
		];
		const end = event('session_ended', { status: 'abandoned', reason: 'page_unload', abandonmentStep: 'placement' });
		await page.evaluate(
			([events, end]) => {
				window.shop.beacon.track(...events);
				window.shop.beacon.trackOnUnload(end);
			},
			[events, end] as const
		);
		await page.goto('about:blank');
		const session = () => sql<object[]>`select * from sessions where session_id = ${sessionId}`;
		await expect.poll(session, PATIENCE).toMatchObject([
			{
				shop_domain: null,
				status: 'abandoned',
				abandonment_reason: 'page_unload',
				abandonment_step: 'placement',
				flow: 'modal-v2',
				env: 'production',
				event_count: 5
			}
		]);
		expect(await logOf(sql, '')).toEqual([...events, end].map(({ type }) => type).sort());
		expect(await sql`select 1 from shops`).toHaveLength(0);
		expect(new Set(network.types)).toEqual(new Set(['text/plain;charset=UTF-8']));
	});
});

/** Ways to send the same events: the body, its headers. */
type Way = (events: ClientEvent[]) => [body: BodyInit, headers: Record<string, string>][];

const json = { 'content-type': 'application/json' };
const write = (value: unknown, headers: Record<string, string> = json): ReturnType<Way> => [
	[JSON.stringify(value), headers]
];
const AHEAD_MS = 3 * 3_600_000;
const ahead = (events: ClientEvent[]): ClientEvent[] =>
	events.map((event) => ({ ...event, timestamp: new Date(Date.parse(event.timestamp) + AHEAD_MS).toISOString() }));

const WAYS: Record<string, Way> = {
	'text/plain': (events) => write({ events }, { 'content-type': 'text/plain;charset=UTF-8' }),
	'no known member beside its events': (events) => write({ events, more: true }),
	'a bare array': (events) => write(events),
	'bare events': (events) => events.flatMap((event) => write(event)),
	'gzipped JSON': (events) => [
		[new Uint8Array(gzipSync(JSON.stringify({ events }))), { ...json, 'content-encoding': 'gzip' }]
	],
	'snake case': (events) =>
		write({
			events: events.map(({ type, sessionId, shopDomain, timestamp, data, deviceContext }) => ({
				event_type: type,
				session_id: sessionId,
				shop_domain: shopDomain,
				client_timestamp: timestamp,
				data,
				device_context: deviceContext
			}))
		}),
	'`shop` for the shop’s domain': (events) =>
		write(events.map(({ shopDomain, ...event }) => ({ ...event, shop: shopDomain }))),
	'milliseconds for times': (events) =>
		write(events.map((event) => ({ ...event, timestamp: Date.parse(event.timestamp) }))),
	'the time of sending': (events) => write({ sentAt: new Date().toISOString(), events }),
	ids: (events) => write(events.map((event, n) => ({ ...event, id: `${event.sessionId}-${n}` }))),
	'a clock three hours ahead': (events) => write({ events: ahead(events) }),
	'a clock three hours ahead, and the time of sending by it': (events) =>
		write({ sentAt: new Date(Date.now() + AHEAD_MS).toISOString(), events: ahead(events) })
};

describe('the same events', () => {
	it('give the same tables in every way in which they can be written, and sent twice nothing more', async () => {
		const { address, sql } = await startRoom();
		const send = async (sent: ReturnType<Way>): Promise<unknown[]> => {
			const receipts: unknown[] = [];
			for (const [body, headers] of sent) {
				const answer = await fetch(`${address}/api/analytics/events`, { method: 'POST', headers, body });
				receipts.push([answer.status, await answer.json()]);
			}
			return receipts;
		};
		const plain = walkEvents('plain.myshopify.com');
		await send(write({ events: plain }));
		const told = await tablesOf(sql, 'plain.myshopify.com', TIMED);
		expect(told['sessions']).toMatchObject([{ event_count: WALK.length, total_ai_cost: '0.42' }]);
		for (const [name, way] of Object.entries(WAYS)) {
			const shopDomain = `way-${Object.keys(WAYS).indexOf(name)}.myshopify.com`;
			const sent = way(plain.map((event) => ({ ...event, shopDomain, sessionId: `by ${name}` })));
			const size = WALK.length / sent.length;
			for (const [accepted, duplicates] of [
				[size, 0],
				[0, size]
			]) {
				const receipt = { success: true, processed: size, accepted, duplicates, rejected: [] };
				expect([name, await send(sent)]).toEqual([name, sent.map(() => [200, receipt])]);
			}
			expect([name, await tablesOf(sql, shopDomain, TIMED)]).toEqual([name, told]);
			const [late] = await sql<{ count: string }[]>`
				select count(*) from analytics_events where shop_domain = ${shopDomain} and client_timestamp > server_timestamp`;
			expect([name, late?.count]).toEqual([name, '0']);
		}
	});
});
