/** The SDK in pages, as far as it can be seen without a browser: storage, devices, opting out, and no page at all. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { beginTabs, endTabs, type Tabs } from '../../tests/support/sdk-tab';

type Sdk = typeof import('./index');

const ENDPOINT = 'http://127.0.0.1/api/analytics/events';

let server: Tabs['server'];
let origin: Tabs['origin'];
let openTab: Tabs['openTab'];

beforeEach(() => {
	({ server, origin, openTab } = beginTabs());
});
afterEach(endTabs);

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const types = (): string[] => [...server.stored.values()].map(({ type }) => type);

describe('without a page', () => {
	it('importing does nothing, and a client is made without one', async () => {
		vi.resetModules();
		const sdk: Sdk = await import('./index');
		const client = sdk.createClient({ endpoint: ENDPOINT, shopDomain: 'a.myshopify.com', fetch: server.fetch });
		expect(vi.getTimerCount()).toBe(0);
		sdk.captureErrors(client.session())();
		client.session().start();
		await client.flush();
		expect([...server.stored.values()]).toMatchObject([{ type: 'session_started' }]);
		expect([...server.stored.values()][0]).not.toHaveProperty('deviceContext');
	});
});

describe('a page', () => {
	it('stores an event before track returns, and says what the device is', async () => {
		const { client } = await openTab();
		const id = client.track('custom', {});
		const [json] = [...origin.items.values()];
		expect(JSON.parse(json ?? '')).toMatchObject({
			id,
			deviceContext: { deviceType: 'mobile', os: 'iOS', osVersion: '17.5', browser: 'Safari', browserVersion: '17' }
		});
		await client.flush();
		await pass(0);
		expect(origin.items.size).toBe(0);
	});

	it.each([
		[
			'Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) Version/12.1 Mobile/15E148 Safari/604.1',
			0,
			'tablet',
			'iOS',
			'Safari'
		],
		['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.4 Safari/605.1.15', 5, 'tablet', 'iOS', 'Safari'],
		['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.4 Safari/605.1.15', 0, 'desktop', 'macOS', 'Safari'],
		[
			'Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/129.0.0.0 Mobile Safari/537.36',
			5,
			'mobile',
			'Android',
			'Chrome'
		],
		['Mozilla/5.0 (Linux; Android 14; SM-X710) Chrome/129.0.0.0 Safari/537.36', 5, 'tablet', 'Android', 'Chrome'],
		[
			'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/129.0.0.0 Safari/537.36 Edg/129.0.0.0',
			0,
			'desktop',
			'Windows',
			'Edge'
		],
		['Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0', 0, 'desktop', 'Linux', 'Firefox']
	])('reads %s with %i touch points', async (userAgent, maxTouchPoints, deviceType, os, browser) => {
		const { sdk } = await openTab({ userAgent, maxTouchPoints });
		expect(sdk.deviceContext()).toMatchObject({ deviceType, os, browser });
	});

	it('works in memory where storage is full or forbidden', async () => {
		const { client } = await openTab();
		origin.full = true;
		client.track('full', {});
		await client.flush();
		vi.stubGlobal('document', {});
		vi.resetModules();
		Object.defineProperty(globalThis, 'localStorage', {
			configurable: true,
			get: () => {
				throw new Error('SecurityError');
			}
		});
		const sdk: Sdk = await import('./index');
		const other = sdk.createClient({ endpoint: ENDPOINT, shopDomain: 'a.myshopify.com', fetch: server.fetch });
		other.track('forbidden', {});
		await other.flush();
		expect(types()).toEqual(['full', 'forbidden']);
	});

	it('goes on without its storage when the shopper forbids it, and throws nothing into the shop', async () => {
		const { client, drops, document, fire } = await openTab();
		client.track('before', {});
		origin.forbidden = true;
		expect(client.track('after', {})).toBeNull();
		expect(drops).toEqual([['after', 'invalid']]);
		await client.flush();
		document.hidden = true;
		fire('visibilitychange');
		fire('pagehide');
		client.optOut();
		client.optIn();
		await client.shutdown();
		expect(vi.getTimerCount()).toBe(0);
		expect((await openTab()).client.track('in memory', {})).not.toBeNull();
		origin.forbidden = false;
		const next = await openTab();
		await next.client.flush();
		expect(types()).toContain('before');
	});

	it('remembers an opt-out where its own events have filled the storage', async () => {
		const { client } = await openTab();
		client.track('custom', {});
		const setItem = origin.setItem.bind(origin);
		origin.setItem = (key, value) => {
			origin.full = [...origin.items.values()].some((json) => json.includes('custom'));
			setItem(key, value);
		};
		client.optOut();
		expect((await openTab()).client.track('custom', {})).toBeNull();
	});

	it('tries again at once when the network comes back', async () => {
		const { client, fire } = await openTab();
		server.next = [{ status: 429, headers: { 'retry-after': '600' } }];
		client.track('custom', {});
		await pass(1_000);
		fire('online');
		await pass(0);
		expect(server.stored.size).toBe(1);
	});

	it('remembers an opt-out, in all tabs', async () => {
		const first = await openTab();
		const second = await openTab();
		second.client.optOut();
		expect(first.client.track('custom', {})).toBeNull();
		expect((await openTab()).client.track('custom', {})).toBeNull();
		second.client.optIn();
		expect(first.client.track('custom', {})).not.toBeNull();
		await first.client.flush();
	});
});
