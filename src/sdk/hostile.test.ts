/** Whatever the shop hands over or lacks, the client throws nothing into it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { beginTrial, endTrial, type Trial } from '../../tests/support/sdk-server';
import { SeeItAnalytics } from './compat';
import { createClient } from './index';

const CONFIG = { endpoint: 'http://127.0.0.1/api/analytics/events', shopDomain: 'a.myshopify.com' };
let server: Trial['server'];
let drops: Trial['drops'];
let client: Trial['client'];

beforeEach(() => {
	({ server, drops, client } = beginTrial());
});
afterEach(endTrial);

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

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

describe('what the shop hands over, however hostile,', () => {
	const thrown = (): never => {
		// Not even this can be read.
		throw Object.create(null) as Error;
	};
	const getter = Object.defineProperty({}, 'secret', { enumerable: true, get: thrown });
	const proxy = new Proxy({}, { get: thrown, ownKeys: thrown, getPrototypeOf: thrown, has: thrown });
	const { proxy: revoked, revoke } = Proxy.revocable({}, {});
	revoke();
	const objects: object[] = [getter, proxy, revoked, { toJSON: thrown }, { deep: { toJSON: thrown } }, { n: 1n }];
	const hostile = objects as Record<string, never>[];

	it('throws nothing into it, through no method, and is reported', async () => {
		const shop = createClient({
			...CONFIG,
			fetch: server.fetch,
			debug: thrown,
			onDrop: (event) => heard.push(event.type)
		});
		const heard: string[] = [];
		const session = shop.session();
		const step = session.step('mask');
		for (const data of hostile) {
			expect(shop.track('custom', { data })).toBeNull();
			expect(shop.track('custom', data)).toBeNull();
			shop.postArAction('leave', data);
			shop.setupStarted(data);
			session.start(data);
			step.start(data);
			step.complete(data);
			step.skip(data);
			step.fail('E', data);
			expect(session.aiRequest(data)).toEqual(expect.any(String));
			session.regenerationRequested(data);
			session.error('E', data);
			session.userAction('zoom_pan', data);
			session.postArAction('leave', data);
			session.addToCart(data);
			session.end('completed', data);
		}
		// One end a session.
		expect(heard.length).toBe(hostile.length * 15 + 1);
		for (const error of [...hostile, null, undefined, Symbol('s'), 1n, () => undefined]) {
			session.error(error);
			step.fail(error);
		}
		// Plain JavaScript knows no types.
		Reflect.apply(session.aiRequest, session, []);
		expect(Reflect.apply(shop.session, shop, [null])).toMatchObject({ id: expect.stringMatching(/^sess_/) as string });
		await shop.flush();
		// Of all those, only the one of which nothing was said.
		expect([...server.stored.values()].filter(({ type }) => type === 'ai_request').length).toBe(1);
	});

	it('throws nothing into it through the deployed client’s names', () => {
		const shop = new SeeItAnalytics({ shopDomain: 'a.myshopify.com', endpoint: CONFIG.endpoint });
		for (const data of hostile) {
			shop.startSession('p1');
			shop.trackStep('mask', 'completed', data);
			shop.trackAIRequest(data);
			shop.trackError('E', 'text', 'error', data);
			shop.trackUserAction('zoom', data);
			shop.trackSetupCompleted('p1', data);
			shop.trackImagePrepared('p1', 'auto', 3, data);
			shop.trackEvent('custom', data);
			shop.endSession('completed', data);
		}
		shop.destroy();
	});

	it('may be large: what is over the bound is refused at once', () => {
		const shop = client();
		expect(shop.track('huge', { text: 'x'.repeat(20_000_000) })).toBeNull();
		expect(drops).toEqual([['huge', 'queue_full', undefined]]);
	});

	it('may be changed afterwards, or by beforeSend, whose other answers keep an event back', async () => {
		const shop = client({
			beforeSend: (event) => {
				event.id = 'another';
				event.data = { by: 'hook' };
				return event.type === 'nothing' ? (undefined as unknown as null) : event;
			}
		});
		const data = { n: 1 };
		const id = shop.track('custom', data);
		data.n = 2;
		expect(shop.track('nothing', {})).toBeNull();
		await shop.flush();
		expect([...server.stored.values()]).toMatchObject([{ id, data: { by: 'hook' } }]);
		expect(drops).toEqual([]);
	});
});

describe('without fetch', () => {
	it('events wait, and nothing is thrown', async () => {
		vi.stubGlobal('fetch', undefined);
		const shop = createClient({ ...CONFIG, onDrop: (event, reason) => drops.push([event.type, reason, undefined]) });
		expect(shop.track('custom', {})).not.toBeNull();
		await pass(120_000);
		const ended = shop.shutdown(100);
		await pass(100);
		await ended;
		expect(drops).toEqual([['custom', 'shut_down', undefined]]);
	});
});
