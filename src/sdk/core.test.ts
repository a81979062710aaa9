/** The client when all goes well: batches, opting out, flush and shutdown. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { beginTrial, endTrial, type Trial } from '../../tests/support/sdk-server';
import { memoryStore, type Store } from './store';

let server: Trial['server'];
let drops: Trial['drops'];
let client: Trial['client'];

beforeEach(() => {
	({ server, drops, client } = beginTrial());
});
afterEach(endTrial);

const sizes = (): number[] => server.batches.map(({ events }) => events.length);
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('a client’s batches', () => {
	it('hold what came within the interval, with the time of sending', async () => {
		const shop = client();
		shop.buttonImpression({ productId: 'p1' });
		await pass(400);
		shop.buttonClick({ productId: 'p1' });
		expect(server.batches).toEqual([]);
		await pass(600);
		expect(server.batches).toMatchObject([
			{
				sentAt: '2026-11-22T10:00:01.000Z',
				keepalive: true,
				credentials: 'omit',
				events: [
					{ type: 'ar_button_impression', shopDomain: 'a.myshopify.com', timestamp: '2026-11-22T10:00:00.000Z' },
					{ type: 'ar_button_click', data: { productId: 'p1' } }
				]
			}
		]);
	});

	it('go out as soon as they are full, in events', async () => {
		const shop = client({ maxBatchEvents: 3 });
		for (let n = 0; n < 4; n++) shop.track('custom', { n });
		await pass(0);
		expect(sizes()).toEqual([3]);
		await pass(1_000);
		expect(sizes()).toEqual([3, 1]);
	});

	it('… and in bytes, one event that is larger alone', async () => {
		const shop = client({ maxBatchBytes: 1_000 });
		for (const size of [600, 2_000, 300, 300]) shop.track('custom', { text: 'ü'.repeat(size / 2) });
		await shop.flush();
		expect(sizes()).toEqual([1, 1, 2]);
		expect(server.stored.size).toBe(4);
	});

	it('keep the order of events of one millisecond in their ids', async () => {
		const shop = client();
		const ids = Array.from({ length: 50 }, (_, n) => shop.track('custom', { n }));
		expect(ids.toSorted()).toEqual(ids);
		await shop.flush();
		expect([...server.stored.keys()]).toEqual(ids);
	});
});

describe('a shopper who opts out', () => {
	it('sends nothing more, and what waited is forgotten', async () => {
		const shop = client();
		shop.track('before', {});
		shop.optOut();
		expect(shop.track('after', {})).toBeNull();
		await shop.flush();
		await pass(10_000);
		expect(server.batches).toEqual([]);
		expect(drops).toEqual([['before', 'opted_out', undefined]]);
		shop.optIn();
		shop.track('again', {});
		await shop.flush();
		expect(server.stored.size).toBe(1);
	});

	it('may be asked first', async () => {
		const shop = client({ optOut: true });
		expect(shop.track('early', {})).toBeNull();
		shop.optIn();
		expect(shop.track('later', {})).not.toBeNull();
		await shop.flush();
	});
});

describe('flush and shutdown', () => {
	it('flush waits for what was accepted before it, through failures, and for nothing else', async () => {
		const shop = client();
		server.next = ['no network', { status: 503 }];
		const id = shop.track('custom', {}) ?? '';
		let done = false;
		const flushed = shop.flush().then(() => (done = true));
		await pass(0);
		expect(done).toBe(false);
		await pass(10_000);
		await flushed;
		expect(server.stored.has(id)).toBe(true);
		await shop.flush();
	});

	it('shutdown sends what waits, accepts nothing more, and reports what ends with it', async () => {
		const shop = client();
		shop.track('custom', {});
		await shop.shutdown();
		expect(server.stored.size).toBe(1);
		expect(shop.track('late', {})).toBeNull();

		const cut = client();
		server.next = Array.from({ length: 20 }, () => 'no network' as const);
		cut.track('lost', {});
		const ended = cut.shutdown(2_000);
		await pass(2_000);
		await ended;
		expect(drops).toEqual([['lost', 'shut_down', undefined]]);
		expect(vi.getTimerCount()).toBe(0);
	});

	it('leaves what waits to the next client of the same store, where that lasts', async () => {
		const store: Store = { ...memoryStore(), durable: true };
		const first = client({ store });
		server.next = Array.from({ length: 20 }, () => 'no network' as const);
		const id = first.track('kept', {});
		const ended = first.shutdown(100);
		await pass(100);
		await ended;
		server.next = [];
		client({ store });
		await pass(1_000);
		expect([...server.stored.keys()]).toEqual([id]);
		expect(drops).toEqual([]);
	});
});
