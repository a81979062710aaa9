/**
 * The SDK's promise, on real pages from another origin against the real process: every event that it accepted is in the
 * database exactly once, or was reported to onDrop, whatever happens on the way.
 */
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Sql } from '../../src/lib/server/db/connect';
import { useBrowser } from '../support/browser';
import { testDatabase } from '../support/database';
import { startProcess } from '../support/process';
import { openNetwork, openSdkShop, trackMany, type Network } from '../support/sdk-shop';

const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 25 };

async function startRoom(): Promise<{ address: string; sql: Sql }> {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
	return { address, sql: database.sql };
}

/** A room, a network to it, and a shop's address. */
async function openShop(options: object = {}): Promise<{ sql: Sql; network: Network; shop: string }> {
	const { address, sql } = await startRoom();
	const network = await openNetwork(address);
	return { sql, network, shop: await openSdkShop(address, network.endpoint, options) };
}

/** The ids of all stored events, each as often as it is there. */
async function stored(sql: Sql): Promise<string[]> {
	const rows = await sql<{ id: string }[]>`select id from analytics_events order by id`;
	return rows.map(({ id }) => id);
}

const flush = (page: Page): Promise<void> => page.evaluate(() => window.client.flush());
const drops = (page: Page): Promise<Window['drops']> => page.evaluate(() => window.drops);
/** Another tab of the same browser. */
async function anotherTab(page: Page, url: string): Promise<Page> {
	const tab = await page.context().newPage();
	await tab.goto(url);
	return tab;
}

describe('the SDK in a shop’s page', () => {
	it('brings a session from its script tag to the tables, with device, durations and captured errors', async () => {
		const { address, sql } = await startRoom();
		const page = await openPage(await openSdkShop(address));
		const script = await page.evaluate(() => document.scripts[0]?.src ?? '');
		const { headers } = await fetch(script, { headers: { origin: 'https://shop.example' } });
		expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
		expect(headers.get('access-control-allow-origin')).toBe('*');

		const sessionId = await page.evaluate(async () => {
			const { client } = window;
			client.buttonImpression({ productId: 'p1' });
			client.buttonClick({ productId: 'p1' });
			const session = client.session();
			window.ControlRoom.captureErrors(session);
			session.start({ productId: 'p1', productTitle: 'Walnut sideboard', productPrice: 1299 });
			for (const name of ['room_capture', 'mask', 'inpaint', 'placement', 'final'] as const) {
				session.step(name).start();
				session.step(name).complete();
			}
			const requestId = session.aiRequest({ provider: 'fal', model: 'flux', status: 'pending' });
			session.aiRequest({ requestId, provider: 'fal', model: 'flux', status: 'success', costUsd: 0.05 });
			session.userAction('mask_edit', { editType: 'add' });
			// The page has a handler of its own, which keeps its errors out of the console.
			const heard = new Promise<void>((resolve) => {
				let left = 6;
				for (const type of ['error', 'unhandledrejection']) {
					addEventListener(type, (event) => {
						event.preventDefault();
						if (--left === 0) resolve();
					});
				}
			});
			for (let n = 0; n < 3; n++) {
				void Promise.reject(new RangeError('the same each time'));
				setTimeout(() => {
					throw new TypeError('the same each time');
				});
			}
			await heard;
			session.addToCart({ productId: 'p1' });
			session.end('completed', { addedToCart: true });
			await client.flush();
			return session.id;
		});
		expect(await drops(page)).toEqual([]);
		expect(await page.context().cookies()).toEqual([]);
		const [session] = await sql`select * from sessions where session_id = ${sessionId}`;
		expect(session).toMatchObject({
			status: 'completed',
			shop_domain: 'sdk.myshopify.com',
			product_title: 'Walnut sideboard',
			steps_completed: 5,
			device_type: 'desktop',
			os: 'Linux',
			browser: 'Chrome',
			total_ai_cost: '0.05',
			error_count: 2,
			added_to_cart: true
		});
		const steps = await sql<
			{ status: string; duration_ms: number | null }[]
		>`select status, duration_ms from session_steps where session_id = ${sessionId}`;
		expect(steps.map(({ status, duration_ms }) => [status, duration_ms !== null])).toEqual(
			Array.from({ length: 5 }, () => ['completed', true])
		);
		const errors = await sql`select error_code, error_message, stack_trace from errors order by error_code`;
		expect(errors).toMatchObject([
			{ error_code: 'UNHANDLED_ERROR', error_message: 'TypeError: the same each time' },
			{ error_code: 'UNHANDLED_REJECTION', error_message: 'RangeError: the same each time' }
		]);
		expect(errors[0]?.['stack_trace']).toMatch(/^TypeError[^]+ at /);
	});

	it.each([
		['closed', 'a request that outlives it'],
		['left for another page', 'a request that outlives it'],
		['closed', 'a beacon, in a browser whose requests do not'],
		['left for another page', 'a beacon, in a browser whose requests do not']
	])('says that a session was abandoned when its tab is %s, by %s', async (how, means) => {
		const { sql, shop } = await openShop();
		const page = await openPage('about:blank');
		if (means !== 'a request that outlives it') {
			await page.addInitScript(() => {
				const { fetch } = window;
				Reflect.deleteProperty(Request.prototype, 'keepalive');
				window.fetch = (input, init) => fetch(input, { ...init, keepalive: false });
			});
		}
		await page.goto(shop);
		const sessionId = await page.evaluate(() => {
			const session = window.client.session();
			session.start({ productId: 'p1' });
			session.step('room_capture').start();
			session.step('room_capture').complete();
			session.step('mask').start();
			return session.id;
		});
		if (how === 'closed') await page.close({ runBeforeUnload: true });
		else await page.goto('about:blank');
		await expect
			.poll(
				() => sql<object[]>`select status, abandonment_step, event_count from sessions where session_id = ${sessionId}`,
				PATIENCE
			)
			.toMatchObject([{ status: 'abandoned', abandonment_step: 'mask', event_count: 5 }]);
	});

	it('takes a session up again when the shopper comes back to the page from the browser’s cache', async () => {
		const { sql, shop } = await openShop();
		const page = await openPage(shop);
		const sessionId = await page.evaluate(() => {
			const session = window.client.session('returns');
			session.start({ productId: 'p1' });
			session.step('mask').start();
			// What a page goes through on its way into the cache and back, without the browser's choice whether to keep it.
			dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
			dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
			return session.id;
		});
		const session = () => sql<object[]>`select status, event_count from sessions where session_id = ${sessionId}`;
		await expect.poll(session, PATIENCE).toEqual([{ status: 'abandoned', event_count: 3 }]);
		await page.evaluate(async () => {
			const session = window.client.session('returns');
			session.step('mask').complete();
			session.end('completed');
			await window.client.flush();
		});
		expect(await session()).toEqual([{ status: 'completed', event_count: 5 }]);
	});

	it('keeps what happens offline, and sends it when the network is back', async () => {
		const { sql, network, shop } = await openShop();
		const page = await openPage(shop);
		const before = await trackMany(page, 3);
		await flush(page);
		await page.context().setOffline(true);
		const [during] = await Promise.all([trackMany(page, 60), page.waitForEvent('requestfailed')]);
		expect(network.requests.length).toBe(1);
		await page.context().setOffline(false);
		await flush(page);
		expect(await stored(sql)).toEqual([...before, ...during]);
		expect(await drops(page)).toEqual([]);
	});

	it('survives a server that fails in every way, answers that get lost, and a limit on the size of requests', async () => {
		const { sql, network, shop } = await openShop();
		const page = await openPage(shop);
		const fates = [
			{ status: 500 },
			'is cut',
			'loses its answer',
			{ status: 503, headers: { 'retry-after': '1' } },
			{ status: 429, headers: { 'retry-after': '1' } }
		] as const;
		const asked: number[] = [];
		network.fate = (number, events) => {
			asked.push(Date.now());
			return fates[number] ?? (events.length > 6 ? { status: 413 } : 'passes');
		};
		const accepted = await trackMany(page, 50);
		await flush(page);
		expect(await stored(sql)).toEqual(accepted);
		expect(await drops(page)).toEqual([]);
		for (const at of [4, 5]) expect((asked[at] ?? 0) - (asked[at - 1] ?? 0)).toBeGreaterThanOrEqual(1_000);
		expect(network.most).toBe(1);
	});

	it('reports the events that the server rejects, and stores their neighbours', async () => {
		const { sql, shop } = await openShop();
		const page = await openPage(shop);
		let deep: unknown = 1;
		for (let level = 0; level < 40; level++) deep = [deep];
		const good = await trackMany(page, 5);
		const bad = await trackMany(page, 5, { deep });
		await flush(page);
		expect(await stored(sql)).toEqual(good);
		expect(await drops(page)).toEqual(bad.map((id) => [id, 'rejected', 'nested deeper than 32 levels']));
	});

	it('sends from the next tab what a crashed one left behind, also what it had sent without hearing an answer', async () => {
		const { sql, network, shop } = await openShop();
		const page = await openPage(shop);
		const next = await page.context().newPage();
		network.fate = (number) => (number === 0 ? 'loses its answer' : { status: 500 });
		const accepted = await trackMany(page, 300);
		await expect.poll(() => network.requests.length, PATIENCE).toBeGreaterThan(1);
		const crashed = page.waitForEvent('crash');
		page.goto('chrome://crash').catch(() => undefined);
		await crashed;
		network.fate = () => 'passes';
		await next.goto(shop);
		await flush(next);
		expect(await stored(sql)).toEqual(accepted);
	});

	it('sends from one tab at a time, and goes on in the other when that one dies in the middle of a request', async () => {
		const { sql, network, shop } = await openShop();
		const one = await openPage(shop);
		const other = await anotherTab(one, shop);
		const accepted = (await Promise.all([trackMany(one, 100), trackMany(other, 100)])).flat();
		await Promise.all([flush(one), flush(other)]);
		expect(await stored(sql)).toEqual(accepted.toSorted());
		expect(network.most).toBe(1);
		// Nothing was sent twice: each tab found what the other had left.
		expect(network.requests.flat().length).toBe(200);

		network.fate = () => 'hangs';
		const requests = network.requests.length;
		accepted.push(...(await trackMany(one, 30)));
		await expect.poll(() => network.requests.length, PATIENCE).toBe(requests + 1);
		accepted.push(...(await trackMany(other, 10)));
		network.fate = () => 'passes';
		const crashed = one.waitForEvent('crash');
		one.goto('chrome://crash').catch(() => undefined);
		await crashed;
		await flush(other);
		expect(await stored(sql)).toEqual(accepted.toSorted());
	});

	it('works without a secure context, where there are neither Web Locks nor crypto.randomUUID', async () => {
		const { address, sql } = await startRoom();
		const shop = await openSdkShop(address, 'http://monitor.test/api/analytics/events');
		const page = await openPage('about:blank');
		// The test stands in for the network: no such hosts exist, and from them Chromium takes nothing for secure.
		await page.context().route(/^http:\/\/(shop|monitor)\.test\//, async (route) => {
			const request = route.request();
			const { host, pathname } = new URL(request.url());
			const response = await fetch(host === 'shop.test' ? shop : `${address}${pathname}`, {
				method: request.method(),
				body: request.postData(),
				headers: { 'content-type': request.headers()['content-type'] ?? '' }
			});
			const body = (await response.text()).replaceAll(address, 'http://monitor.test');
			const headers = Object.fromEntries(response.headers);
			delete headers['content-encoding'];
			await route.fulfill({ status: response.status, headers, body });
		});
		await page.goto('http://shop.test/');
		expect(await page.evaluate(() => [isSecureContext, 'locks' in navigator])).toEqual([false, false]);
		const other = await anotherTab(page, 'http://shop.test/');
		const accepted = (await Promise.all([trackMany(page, 50), trackMany(other, 50)])).flat();
		await Promise.all([flush(page), flush(other)]);
		expect(await stored(sql)).toEqual(accepted.toSorted());
	});
});
