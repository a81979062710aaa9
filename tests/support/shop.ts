/** A shop: a page on another origin, in which the deployed clients run; and the events that they send. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import type { OpenPage } from './browser';

/** An event as a client makes it: without an id. */
export interface ClientEvent {
	type: string;
	sessionId?: string;
	shopDomain: string;
	timestamp: string;
	data: Record<string, unknown>;
	deviceContext: Record<string, unknown>;
}

/** What the page offers to its tests. */
interface Clients {
	sdk: {
		queue: ClientEvent[];
		answers: number[];
		track(...events: ClientEvent[]): void;
		flush(): Promise<void>;
		/** Flushes at this interval from now on. */
		start(everyMs: number): void;
		isDone(): boolean;
	};
	beacon: { track(...events: ClientEvent[]): boolean; trackOnUnload(...events: ClientEvent[]): void };
	modal: { track(...events: ClientEvent[]): Promise<number[]> };
}

declare global {
	interface Window {
		shop: Clients;
	}
}

/** Starts a shop whose clients send to the process at `address`, and opens its page. */
export async function openShop(openPage: OpenPage, address: string): Promise<Page> {
	const html = await readFile(new URL('shop.html', import.meta.url));
	const server = createServer((_, response) => {
		response.setHeader('content-type', 'text/html; charset=utf-8').end(html);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const at = server.address();
	if (at === null || typeof at === 'string') throw new Error('a server on a port has no port');
	const endpoint = encodeURIComponent(`${address}/api/analytics/events`);
	return openPage(`http://127.0.0.1:${at.port}/?endpoint=${endpoint}`);
}

const IPHONE = {
	deviceType: 'mobile',
	os: 'iOS',
	osVersion: '17.5',
	browser: 'Safari',
	browserVersion: '17',
	screenWidth: 390,
	screenHeight: 844,
	hasCamera: true,
	hasGyroscope: true,
	webglSupport: true,
	connectionType: '4g'
};

let minted = 0;

/** The events of one visitor's session, each a moment after the one before. */
export interface Visit {
	sessionId: string;
	/** The next event of this session. */
	event(type: string, data?: Record<string, unknown>): ClientEvent;
	/** The next event, of a step. */
	step(step: string, status: string, data?: Record<string, unknown>): ClientEvent;
}

/** A session that began a minute ago in a shop; its events are a second apart, and none lies ahead of the server's clock. */
export function visit(shopDomain = 'nordic-home.myshopify.com'): Visit {
	const sessionId = `sess_${Date.now().toString(36)}_${(minted++).toString(36)}`;
	// No two sessions have events at the same moment: what is listed by time has one right order.
	let at = Date.now() - 60_000 + minted;
	const event: Visit['event'] = (type, data = {}) => {
		at = Math.min(at + 1_000, Date.now());
		return { type, sessionId, shopDomain, timestamp: new Date(at).toISOString(), data, deviceContext: IPHONE };
	};
	return { sessionId, event, step: (step, status, data) => event('step_update', { step, status, ...data }) };
}
