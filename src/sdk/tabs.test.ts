/** Clients that share one storage: those of several tabs without Web Locks, and several on one page. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { beginTabs, endTabs, type Tabs } from '../../tests/support/sdk-tab';

const ENDPOINT = 'http://127.0.0.1/api/analytics/events';

let server: Tabs['server'];
let origin: Tabs['origin'];
let openTab: Tabs['openTab'];

beforeEach(() => {
	({ server, origin, openTab } = beginTabs());
});
afterEach(endTabs);

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

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

describe('one page', () => {
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
});
