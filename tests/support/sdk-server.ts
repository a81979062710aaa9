/** A server of the SDK's in the same process: its fetch, which answers as the real endpoint does unless told otherwise. */
import { vi } from 'vitest';
import { createClient, type ClientOptions, type CoreClient } from '../../src/sdk/core';

/** An answer that is not the usual one: a status with headers, or no answer at all. */
export type Told = { status: number; headers?: Record<string, string>; body?: string } | 'no network';

interface Sent {
	id: string;
	type: string;
	sessionId?: string;
	timestamp: string;
	data: Record<string, unknown>;
}

export interface FakeServer {
	fetch: typeof fetch;
	/** Answers to come, before the usual ones. */
	next: Told[];
	/** Why an event is rejected; null when it is not. */
	reject: (event: Sent) => string | null;
	/** The batches that were asked for, answered or not. */
	batches: {
		sentAt: string;
		at: number;
		keepalive: boolean;
		credentials: string | undefined;
		bytes: number;
		events: Sent[];
	}[];
	/** The committed events by id: each is there once, whatever is repeated. */
	stored: Map<string, Sent>;
	/** Requests wait while this does. */
	hold: Promise<void> | null;
}

export function fakeServer(): FakeServer {
	const server: FakeServer = {
		next: [],
		reject: () => null,
		batches: [],
		stored: new Map(),
		hold: null,
		fetch: async (_, init) => {
			const body = typeof init?.body === 'string' ? init.body : '';
			const { sentAt, events } = JSON.parse(body) as { sentAt: string; events: Sent[] };
			const bytes = Buffer.byteLength(body);
			const { keepalive = false, credentials } = init ?? {};
			server.batches.push({ sentAt, at: Date.now(), keepalive, credentials, bytes, events });
			if (server.hold) await held(server.hold, init?.signal);
			const told = server.next.shift();
			if (told === 'no network') throw new TypeError('Failed to fetch');
			if (told) return new Response(told.body ?? '{"error":{}}', told);
			const rejected = events.flatMap((event, index) => {
				const reason = server.reject(event);
				return reason === null ? [] : [{ index, reason }];
			});
			for (const event of events) if (server.reject(event) === null) server.stored.set(event.id, event);
			return Response.json({ success: true, processed: events.length - rejected.length, rejected });
		}
	};
	return server;
}

function held(hold: Promise<void>, signal: AbortSignal | null | undefined): Promise<void> {
	return new Promise((resolve, reject) => {
		signal?.addEventListener('abort', () => reject(new Error('aborted')));
		void hold.then(resolve);
	});
}

/** A server, clients of it, and what they drop. */
export interface Trial {
	server: FakeServer;
	client: (options?: Partial<ClientOptions>) => CoreClient;
	drops: [type: string, reason: string, detail: string | undefined][];
}

/** Begins a test in a time that stands still, and in which what is random is always the middle. */
export function beginTrial(): Trial {
	vi.useFakeTimers({ now: Date.UTC(2026, 10, 22, 10) });
	vi.spyOn(Math, 'random').mockReturnValue(0.5);
	const server = fakeServer();
	const drops: Trial['drops'] = [];
	const client: Trial['client'] = (options) =>
		createClient({
			endpoint: 'http://127.0.0.1/api/analytics/events',
			shopDomain: 'a.myshopify.com',
			fetch: server.fetch,
			onDrop: (event, reason, detail) => drops.push([event.type, reason, detail]),
			...options
		});
	return { server, client, drops };
}

/** Ends it. */
export function endTrial(): void {
	vi.useRealTimers();
	vi.restoreAllMocks();
	vi.unstubAllGlobals();
}
