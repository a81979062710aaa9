/**
 * A shop with the SDK's script tag, on another origin than the Control Room, and the network between them: a proxy that
 * a test can make slow, broken or overloaded.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import type { Client } from '../../src/sdk/index';

/** What the shop's page offers to its tests. */
declare global {
	interface Window {
		client: Client;
		/** What onDrop heard of: id, reason, detail. */
		drops: [id: string, reason: string, detail: string | undefined][];
		ControlRoom: typeof import('../../src/sdk/script');
	}
}

/** What becomes of a request: nothing special, an answer, no answer, or a commit whose answer is lost. */
type Fate = 'passes' | 'is cut' | 'loses its answer' | 'hangs' | { status: number; headers?: Record<string, string> };

export interface Network {
	/** The endpoint as the shop knows it. */
	endpoint: string;
	/** Decides about each request by its number, from 0, and its events. */
	fate: (number: number, events: unknown[]) => Fate;
	/** Events of each request. */
	requests: { id: string; type: string }[][];
	/** The content type of each. */
	types: (string | undefined)[];
	/** Most requests that were under way at the same time. */
	most: number;
}

/** Lets requests through to the process at `address`. */
export async function openNetwork(address: string): Promise<Network> {
	const network: Network = { endpoint: '', fate: () => 'passes', requests: [], types: [], most: 0 };
	let underWay = 0;

	async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
		if (request.method === 'OPTIONS') {
			// A preflight, which the real server answers.
			const real = await fetch(`${address}/api/analytics/events`, { method: 'OPTIONS', headers: asked(request) });
			return void response.writeHead(real.status, Object.fromEntries(real.headers)).end();
		}
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		const body = Buffer.concat(chunks);
		const { events } = JSON.parse(body.toString()) as { events: { id: string; type: string }[] };
		network.types.push(request.headers['content-type']);
		const fate = network.fate(network.requests.push(events) - 1, events);
		if (fate === 'hangs') return;
		if (fate === 'is cut') return void request.socket.destroy();
		if (typeof fate === 'object') {
			// As a proxy in between would say it: without the server's own headers.
			const cors = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'retry-after' };
			return void response.writeHead(fate.status, { ...cors, ...fate.headers }).end('<html>');
		}
		const headers = { 'content-type': request.headers['content-type'] ?? '' };
		const real = await fetch(`${address}/api/analytics/events`, { method: 'POST', body, headers });
		const text = await real.text();
		if (fate === 'loses its answer') request.socket.destroy();
		else response.writeHead(real.status, Object.fromEntries(real.headers)).end(text);
	}

	const server = createServer((request, response) => {
		network.most = Math.max(network.most, ++underWay);
		response.once('close', () => underWay--);
		answer(request, response).catch(() => request.socket.destroy());
	});
	network.endpoint = `${await listen(server)}/api/analytics/events`;
	return network;
}

/** What a browser asks for in a preflight. */
function asked({ headers }: IncomingMessage): Record<string, string> {
	const names = ['origin', 'access-control-request-method', 'access-control-request-headers'];
	return Object.fromEntries(names.map((name) => [name, String(headers[name] ?? '')]));
}

/** Starts the shop; returns the address of its page. Without an endpoint the script finds its own. */
export async function openSdkShop(address: string, endpoint?: string, options: object = {}): Promise<string> {
	const manifest = await fetch(`${address}/sdk/v1/manifest.json`);
	const { 'control-room.js': script } = (await manifest.json()) as Record<string, { path: string; integrity: string }>;
	const settings = JSON.stringify({ endpoint, shopDomain: 'sdk.myshopify.com', ...options });
	const html = `<!doctype html>
		<title>A shop with the SDK</title>
		<script src="${address}${script?.path}" integrity="${script?.integrity}" crossorigin="anonymous"></script>
		<script>
			window.drops = [];
			window.client = ControlRoom.createClient({
				...${settings},
				onDrop: (event, reason, detail) => drops.push([event.id, reason, detail])
			});
		</script>`;
	const server = createServer((_, response) => {
		response.setHeader('content-type', 'text/html; charset=utf-8').end(html);
	});
	return `${await listen(server)}/`;
}

/** Tracks so many events in the page, and returns the ids of those that the SDK accepted. */
export function trackMany(page: Page, count: number, data: Record<string, unknown> = {}): Promise<string[]> {
	return page.evaluate(
		([count, data]) =>
			Array.from({ length: count }, (_, n) => window.client.track('custom', { n, ...data })).filter(
				(id) => id !== null
			),
		[count, data] as const
	);
}

async function listen(server: Server): Promise<string> {
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const at = server.address();
	if (at === null || typeof at === 'string') throw new Error('a server on a port has no port');
	return `http://127.0.0.1:${at.port}`;
}
