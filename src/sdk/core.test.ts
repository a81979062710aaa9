import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeServer, type FakeServer } from '../../tests/support/sdk-server';
import { createClient, type ClientOptions, type CoreClient } from './core';
import { memoryStore, type Store } from './store';

let server: FakeServer;
let drops: [type: string, reason: string, detail: string | undefined][];

beforeEach(() => {
	vi.useFakeTimers({ now: Date.UTC(2026, 10, 22, 10) });
	vi.spyOn(Math, 'random').mockReturnValue(0.5);
	server = fakeServer();
	drops = [];
});
afterEach(() => {
	vi.useRealTimers();
	vi.restoreAllMocks();
});

function client(options: Partial<ClientOptions> = {}): CoreClient {
	return createClient({
		endpoint: 'http://127.0.0.1/api/analytics/events',
		shopDomain: 'a.myshopify.com',
		fetch: server.fetch,
		onDrop: (event, reason, detail) => drops.push([event.type, reason, detail]),
		...options
	});
}

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

describe('after a failure', () => {
	it.each([['no network' as const], [{ status: 500 }], [{ status: 503 }], [{ status: 429 }]])(
		'%j is tried again with the same ids, at times that jitter and grow',
		async (failure) => {
			const shop = client();
			server.next = Array.from({ length: 4 }, () => failure);
			const id = shop.track('custom', {});
			await pass(60_000);
			const first = server.batches[0]?.at ?? 0;
			expect(server.batches.map(({ at }) => at - first)).toEqual([0, 500, 1_500, 3_500, 7_500]);
			expect([...server.stored.keys()]).toEqual([id]);
			expect(drops).toEqual([]);
		}
	);

	it('waits as long as Retry-After says, in seconds or as a date', async () => {
		const shop = client();
		server.next = [
			{ status: 429, headers: { 'retry-after': '30' } },
			{ status: 503, headers: { 'retry-after': 'Sun, 22 Nov 2026 10:02:00 GMT' } }
		];
		shop.track('custom', {});
		await pass(1_000);
		await pass(30_000);
		expect(server.batches.length).toBe(1);
		await pass(500);
		expect(server.batches.length).toBe(2);
		await pass(85_000);
		expect(server.batches.length).toBe(2);
		await pass(6_000);
		expect(server.stored.size).toBe(1);
	});

	it('tracks on without sending more than one request at a time, and without a pause’s end coming earlier', async () => {
		const shop = client({ maxBatchEvents: 2 });
		server.next = [{ status: 429, headers: { 'retry-after': '60' } }];
		for (let n = 0; n < 10; n++) shop.track('custom', { n });
		await pass(30_000);
		for (let n = 0; n < 10; n++) shop.track('custom', { n });
		void shop.flush();
		await pass(29_000);
		expect(server.batches.length).toBe(1);
		await pass(5_000);
		expect(server.stored.size).toBe(20);
	});

	it('a request without an answer is given up, and its late commit repeats nothing', async () => {
		const shop = client();
		server.hold = new Promise(() => undefined);
		shop.track('custom', {});
		await pass(10_000);
		server.hold = null;
		await pass(10_000);
		expect([server.batches.length, server.stored.size]).toEqual([2, 1]);
	});

	it('a success that is not the server’s does not count', async () => {
		const shop = client();
		server.next = [
			{ status: 200, body: '<html>Welcome to our Wi-Fi</html>' },
			{ status: 202, body: '' }
		];
		shop.track('custom', {});
		await pass(10_000);
		expect(server.stored.size).toBe(1);
	});
});

describe('what cannot be stored', () => {
	it('a batch that is too large is halved, until a single event is refused and reported', async () => {
		const shop = client();
		server.next = [{ status: 413 }, { status: 413, body: 'not JSON at all' }, { status: 413 }];
		for (let n = 0; n < 4; n++) shop.track(`custom_${n}`, {});
		await shop.flush();
		expect(sizes().slice(0, 3)).toEqual([4, 2, 1]);
		expect(drops).toEqual([['custom_0', 'refused', '413']]);
		expect([...server.stored.values()].map(({ type }) => type)).toEqual(['custom_1', 'custom_2', 'custom_3']);
	});

	it('rejected events are reported with the server’s reason, their neighbours are stored', async () => {
		const shop = client();
		server.reject = ({ data }) => (Number(data['n']) % 2 ? 'odd' : null);
		for (let n = 0; n < 6; n++) shop.track(`custom_${n}`, { n });
		await shop.flush();
		expect(server.stored.size).toBe(3);
		expect(drops).toEqual([1, 3, 5].map((n) => [`custom_${n}`, 'rejected', 'odd']));
	});

	it.each([400, 401, 404, 415])('a batch refused with %i is reported and not sent again', async (status) => {
		const shop = client();
		server.next = [{ status }];
		shop.track('custom', {});
		await shop.flush();
		await pass(120_000);
		expect(server.batches.length).toBe(1);
		expect(drops).toEqual([['custom', 'refused', String(status)]]);
	});

	it('what no longer fits is refused at once, what was accepted stays', async () => {
		const shop = client({ maxQueueEvents: 3 });
		server.next = Array.from({ length: 3 }, () => 'no network' as const);
		const ids = Array.from({ length: 5 }, (_, n) => shop.track(`custom_${n}`, {}));
		expect(ids.map((id) => id !== null)).toEqual([true, true, true, false, false]);
		expect(drops.map(([type, reason]) => [type, reason])).toEqual([
			['custom_3', 'queue_full'],
			['custom_4', 'queue_full']
		]);
		await pass(60_000);
		expect([...server.stored.keys()]).toEqual(ids.slice(0, 3));
		expect(shop.track('custom', {})).not.toBeNull();
		expect(client().track('custom', { text: 'x'.repeat(1_000_001) })).toBeNull();
	});

	it('what is not JSON is reported, and throws nothing into the shop', async () => {
		const shop = client();
		const circular: Record<string, unknown> = {};
		circular['self'] = circular;
		expect(shop.track('circular', circular)).toBeNull();
		expect(shop.track('big', { n: 1n })).toBeNull();
		shop.session().error(null);
		expect(drops.map(([type, reason]) => [type, reason])).toEqual([
			['circular', 'invalid'],
			['big', 'invalid']
		]);
		await shop.flush();
	});
});

describe('the shop’s own functions', () => {
	it('beforeSend changes events and keeps them back', async () => {
		const shop = client({
			beforeSend: (event) => (event.type === 'secret' ? null : { ...event, data: { ...event.data, seen: true } })
		});
		expect(shop.track('secret', {})).toBeNull();
		shop.track('custom', {});
		await shop.flush();
		expect([...server.stored.values()]).toMatchObject([{ type: 'custom', data: { seen: true } }]);
		expect(drops).toEqual([]);
	});

	it('may all fail', async () => {
		const fail = (): never => {
			throw new Error('of the shop');
		};
		const shop = client({ beforeSend: fail, onDrop: fail });
		expect(shop.track('custom', {})).toBeNull();
		const other = client({ onDrop: fail });
		server.reject = () => 'odd';
		other.track('custom', {});
		await other.flush();
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
