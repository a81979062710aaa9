/**
 * A client that loses nothing, as the deployed SDK: what was not acknowledged is sent again, together with newer events,
 * in batches of another composition. It remembers what was acknowledged, so that a test can look for it.
 */
import { setTimeout as pause } from 'node:timers/promises';

export interface ClientOptions {
	/** Of the process. */
	address: string;
	/** Requests at the same time. */
	connections: number;
	/** Events in a batch. */
	batch: number;
	/** Milliseconds between an answer and the next request of a connection. Default 0. */
	restMs?: number;
	/** Makes the nth event, from 0. Its `data.n` must be `n`. */
	make: (n: number) => object;
}

export interface Client {
	/** The numbers of the events for which a 200 came. */
	acknowledged: ReadonlySet<number>;
	/** How many answers there were of each status; 0 stands for none. */
	answers: ReadonlyMap<number, number>;
	/** Resolves when this many more events are acknowledged. */
	acknowledges(more: number): Promise<void>;
	/** Makes no more events, and resolves when all are acknowledged. */
	drain(): Promise<void>;
}

const RETRY_MS = 25;
/** Longer than the server may take: it answers 503 at its own deadline. */
const ANSWER_WITHIN_MS = 60_000;

/** Starts to send, until drain(). */
export function startClient(options: ClientOptions): Client {
	const acknowledged = new Set<number>();
	const answers = new Map<number, number>();
	const unacknowledged: { n: number; event: object }[] = [];
	const waiting = new Set<{ count: number; resolve: () => void }>();
	let made = 0;
	let draining = false;

	async function send(batch: typeof unacknowledged): Promise<void> {
		const status = await post(
			options.address,
			batch.map(({ event }) => event)
		);
		answers.set(status, (answers.get(status) ?? 0) + 1);
		if (status !== 200) {
			unacknowledged.push(...batch);
			await pause(RETRY_MS);
			return;
		}
		for (const { n } of batch) acknowledged.add(n);
		for (const wish of waiting) {
			if (acknowledged.size < wish.count) continue;
			waiting.delete(wish);
			wish.resolve();
		}
	}

	async function work(): Promise<void> {
		for (;;) {
			const batch = unacknowledged.splice(0, options.batch);
			for (; !draining && batch.length < options.batch; made++) batch.push({ n: made, event: options.make(made) });
			if (batch.length === 0) return;
			await send(batch);
			if (options.restMs) await pause(options.restMs);
		}
	}

	const workers = Array.from({ length: options.connections }, work);
	return {
		acknowledged,
		answers,
		acknowledges: (more) => new Promise((resolve) => waiting.add({ count: acknowledged.size + more, resolve })),
		async drain() {
			draining = true;
			await Promise.all(workers);
		}
	};
}

/** The status of the answer; 0 when there is none. */
async function post(address: string, events: object[]): Promise<number> {
	try {
		const answer = await fetch(`${address}/api/analytics/events`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ events }),
			signal: AbortSignal.timeout(ANSWER_WITHIN_MS)
		});
		// Acknowledged with its first line: whoever is killed after it must keep his word.
		await answer.arrayBuffer().catch(() => undefined);
		return answer.status;
	} catch {
		return 0;
	}
}

const STEPS = ['room_capture', 'mask', 'inpaint', 'placement', 'final'];
const SESSION_EVENTS = 10;

/**
 * The nth event of a shop with some visitors at a time, each of whose sessions has ten events: begin, steps, an error,
 * two reports of one AI request, an end. Events come at different milliseconds, so that there is one right order.
 * @param at milliseconds since 1970
 */
export function shopEvent(n: number, at: number, prefix: string): object {
	const visitors = 3;
	const round = Math.floor(n / (visitors * SESSION_EVENTS));
	const session = round * visitors + (n % visitors);
	const place = Math.floor(n / visitors) % SESSION_EVENTS;
	return {
		sessionId: `${prefix}_${session}`,
		shopDomain: `shop-${session % 3}.myshopify.com`,
		timestamp: new Date(at).toISOString(),
		...content(place, session, n)
	};
}

function content(place: number, session: number, n: number): { type: string; data: Record<string, unknown> } {
	const step = STEPS[place - 1];
	if (place === 0) return { type: 'session_started', data: { n, productTitle: `Sofa ${session}` } };
	if (step !== undefined) return { type: 'step_update', data: { n, step, status: 'completed', durationMs: 900 + n } };
	if (place === 6) return { type: 'error', data: { n, errorCode: `E_${n}`, severity: 'warning' } };
	const request = { n, requestId: `r_${session}`, provider: 'fal', operation: 'inpaint' };
	if (place === 7) return { type: 'ai_request', data: { ...request, status: 'pending' } };
	if (place === 8) return { type: 'ai_request', data: { ...request, status: 'success', costUsd: 0.12 } };
	return { type: 'session_ended', data: { n, status: session % 4 === 0 ? 'abandoned' : 'completed' } };
}

/** Times that never repeat, and at less than 1,000 a second none of which the server would take for ahead of its own. */
export function distinctTimes(): () => number {
	let last = 0;
	return () => (last = Math.max(last + 1, Date.now() - 1_000));
}
