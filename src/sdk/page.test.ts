/** The SDK in pages, as far as it can be seen without a browser: storage, tabs, leaving, and no page at all. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeServer, type FakeServer } from '../../tests/support/sdk-server';

type Sdk = typeof import('./index');

const ENDPOINT = 'http://127.0.0.1/api/analytics/events';
const IPHONE =
	'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';

let server: FakeServer;
let origin: FakeStorage;

/** localStorage of one origin, with a bound; as in browsers, its keys are those of its items. */
class FakeStorage {
	items = new Map<string, string>();
	full = false;
	forbidden = false;
	readonly storage = new Proxy(this, {
		get: (_, name) => {
			if (this.forbidden) throw new Error('SecurityError');
			const own: unknown = Reflect.get(this, name);
			return typeof own === 'function' ? (own.bind(this) as unknown) : own;
		},
		ownKeys: () => {
			if (this.forbidden) throw new Error('SecurityError');
			return [...this.items.keys()];
		},
		getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true })
	});
	get length(): number {
		return this.items.size;
	}
	getItem(key: string): string | null {
		return this.items.get(key) ?? null;
	}
	setItem(key: string, value: string): void {
		if (this.full) throw new Error('QuotaExceededError');
		this.items.set(key, value);
	}
	removeItem(key: string): void {
		this.items.delete(key);
	}
}

/** A tab without Web Locks, as of an insecure origin; its SDK is a copy of its own. */
async function openTab(agent: Partial<Navigator> & { userAgent: string } = { userAgent: IPHONE }) {
	const page = new EventTarget();
	const document = { hidden: false, referrer: '' };
	vi.stubGlobal('document', document);
	vi.stubGlobal('navigator', agent);
	vi.stubGlobal('screen', { width: 390, height: 844 });
	vi.stubGlobal('localStorage', origin.storage);
	vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
	vi.resetModules();
	const sdk: Sdk = await import('./index');
	const drops: [string, string][] = [];
	const client = sdk.createClient({
		endpoint: ENDPOINT,
		shopDomain: 'a.myshopify.com',
		fetch: server.fetch,
		onDrop: (event, reason) => drops.push([event.type, reason])
	});
	return { sdk, client, drops, document, fire: (type: string) => page.dispatchEvent(new Event(type)) };
}

beforeEach(() => {
	vi.useFakeTimers({ now: Date.UTC(2026, 10, 22, 10) });
	server = fakeServer();
	origin = new FakeStorage();
});
afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

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

	it('sends a beacon when it is left, where a request cannot outlive it', async () => {
		const beacons: string[] = [];
		const sendBeacon = (_: string, body: string): boolean => beacons.push(body) > 0;
		vi.stubGlobal('Request', Object);
		const { client, drops, fire } = await openTab({ userAgent: IPHONE, sendBeacon });
		// What is under way dies with the page.
		server.hold = new Promise(() => undefined);
		for (let n = 0; n < 20; n++) client.track(`under_way_${n}`, { text: 'x'.repeat(1_000) });
		await pass(0);
		expect(server.batches.map(({ keepalive }) => keepalive)).toEqual([false]);
		for (let n = 0; n < 80; n++) client.track(`waiting_${n}`, { text: 'x'.repeat(1_000) });
		fire('pagehide');
		const [body = ''] = beacons;
		const sent = JSON.parse(body) as { events: { type: string }[] };
		expect(sent.events.at(-1)?.type).toBe('waiting_79');
		expect([body.length > 55_000, body.length < 60_000, beacons.length]).toEqual([true, true, 1]);
		// Nobody has heard of an answer: all of it is sent again when there is a next time.
		server.hold = null;
		const flushed = (await openTab()).client.flush();
		await pass(25_000);
		await flushed;
		expect(server.stored.size).toBe(100);
		expect(drops).toEqual([]);
	});

	it('leaves no timer and no listener behind when its client is shut down in the middle of a request', async () => {
		const { client, fire } = await openTab();
		server.hold = new Promise(() => undefined);
		client.session().start();
		const ended = client.shutdown(1_000);
		await pass(1_000);
		await ended;
		await pass(0);
		expect(vi.getTimerCount()).toBe(0);
		const requests = server.batches.length;
		fire('pagehide');
		fire('online');
		await pass(60_000);
		expect(server.batches.length).toBe(requests);
	});

	it('with two clients of two versions brings each event once', async () => {
		const one = await openTab();
		const other = one.sdk.createClient({ endpoint: ENDPOINT, shopDomain: 'a.myshopify.com', fetch: server.fetch });
		// The other version is a copy of its own on the same page.
		const { client: newer } = await openTab();
		for (let n = 0; n < 30; n++) for (const client of [one.client, other, newer]) client.track(`custom_${n}`, {});
		const flushed = Promise.all([one.client, other, newer].map((client) => client.flush()));
		await pass(5_000);
		await flushed;
		expect(server.stored.size).toBe(90);
		expect(origin.items.size).toBe(0);
	});

	it('sends what waits when it is hidden or left, within what may outlive it, the newest first', async () => {
		const { client, document, fire } = await openTab();
		server.next = ['no network'];
		for (let n = 0; n < 150; n++) client.track(`custom_${n}`, { text: 'x'.repeat(500) });
		await pass(0);
		document.hidden = true;
		fire('visibilitychange');
		await pass(0);
		const [, left] = server.batches;
		expect(left?.keepalive).toBe(true);
		expect(left?.bytes).toBeLessThan(60_000);
		expect(left?.bytes).toBeGreaterThan(55_000);
		expect(left?.events.at(-1)?.type).toBe('custom_149');
		await pass(5_000);
		await client.flush();
		expect(server.stored.size).toBe(150);
	});

	it('sends nothing twice while a request that outlives it is under way, and keeps all such requests below the limit', async () => {
		const { client, fire } = await openTab();
		let go = (): void => undefined;
		server.hold = new Promise((resolve) => (go = resolve));
		for (let n = 0; n < 60; n++) client.track(`custom_${n}`, { text: 'x'.repeat(1_500) });
		fire('pagehide');
		fire('pagehide');
		await pass(0);
		const kept = server.batches.filter(({ keepalive }) => keepalive);
		expect(kept.length).toBe(2);
		expect(kept.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(60_000);
		go();
		await client.flush();
		expect(server.batches.flatMap(({ events }) => events).length).toBe(60);
	});

	it('abandons open sessions when it is left, and only those', async () => {
		const { client, fire } = await openTab();
		const [open, ended] = [client.session('open'), client.session('ended')];
		client.session('never begun');
		open.start();
		open.step('mask').start();
		ended.start();
		ended.end();
		fire('pagehide');
		await client.flush();
		const ends = [...server.stored.values()].filter(({ type }) => type === 'session_ended');
		expect(ends).toMatchObject([
			{ sessionId: 'ended', data: { status: 'completed' } },
			{ sessionId: 'open', data: { status: 'abandoned', reason: 'page_unload', abandonmentStep: 'mask' } }
		]);
		// It came back from the browser's cache.
		open.step('mask').complete();
		open.end();
		await client.flush();
		expect([...server.stored.values()].at(-1)).toMatchObject({ type: 'session_ended', data: { status: 'completed' } });
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

describe('two tabs', () => {
	it('without Web Locks take turns, and a flush hears of what the other has sent', async () => {
		const one = await openTab();
		const other = await openTab();
		let go = (): void => undefined;
		server.hold = new Promise((resolve) => (go = resolve));
		for (let n = 0; n < 30; n++) one.client.track(`one_${n}`, {});
		for (let n = 0; n < 30; n++) other.client.track(`other_${n}`, {});
		await pass(5_000);
		expect(server.batches.length).toBe(1);
		server.hold = null;
		go();
		const flushed = Promise.all([one.client.flush(), other.client.flush()]);
		await pass(5_000);
		await flushed;
		expect(server.batches.flatMap(({ events }) => events).length).toBe(60);
		expect(server.stored.size).toBe(60);
	});

	it('do not wait for ever for one that died while it sent', async () => {
		origin.setItem(`lease-control-room:${ENDPOINT}:`, String(Date.now() + 19_000));
		const { client } = await openTab();
		client.track('custom', {});
		await pass(15_000);
		expect(server.batches.length).toBe(0);
		await pass(6_000);
		expect(server.stored.size).toBe(1);
	});
});
