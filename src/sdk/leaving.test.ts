/** What a page sends when it is hidden or left, how much that may be, and what stays behind. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { beginTabs, endTabs, type Tabs } from '../../tests/support/sdk-tab';

let server: Tabs['server'];
let openTab: Tabs['openTab'];

beforeEach(() => {
	({ server, openTab } = beginTabs());
});
afterEach(endTabs);

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('a page that goes away', () => {
	it('sends a beacon when it is left, where a request cannot outlive it', async () => {
		const beacons: string[] = [];
		const sendBeacon = (_: string, body: string): boolean => beacons.push(body) > 0;
		vi.stubGlobal('Request', Object);
		const { client, drops, fire } = await openTab({ sendBeacon });
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
		// Nor does it throw where there are no beacons either.
		const older = await openTab();
		older.client.track('custom', {});
		older.fire('pagehide');
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

	it('does without keepalive for a request that would exceed the limit together with one under way', async () => {
		const { client, fire } = await openTab();
		server.hold = new Promise(() => undefined);
		for (let n = 0; n < 17; n++) client.track(`leaving_${n}`, { text: 'x'.repeat(2_500) });
		fire('pagehide');
		// It came back.
		client.track('back', { text: 'x'.repeat(20_000) });
		await pass(1_000);
		expect(server.batches.map(({ keepalive, events }) => [keepalive, events[0]?.type])).toEqual([
			[true, 'leaving_0'],
			[false, 'back']
		]);
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
});
