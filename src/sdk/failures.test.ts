/** The client when the server fails or refuses: what is tried again and when, and what is given up. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { beginTrial, endTrial, type Trial } from '../../tests/support/sdk-server';

let server: Trial['server'];
let drops: Trial['drops'];
let client: Trial['client'];

beforeEach(() => {
	({ server, drops, client } = beginTrial());
});
afterEach(endTrial);

const sizes = (): number[] => server.batches.map(({ events }) => events.length);
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

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
