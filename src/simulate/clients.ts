/**
 * The clients that shops have deployed, as far as a server can tell them apart: this project's SDK, and three older ones
 * that send no ids. Each visit has one of its own, as each page has.
 */
import { createClient, memoryStore, type Store } from '../sdk/index';
import type { Visit } from './plan';
import type { PlannedEvent } from './story';
import type { Summary } from './summary';

/** One visitor's client. */
export interface Shopper {
	tell(event: PlannedEvent): void;
	/** The page goes away: resolves when all that can be sent is sent. */
	leave(): Promise<void>;
}

export interface Way {
	endpoint: string;
	speed: number;
	/** The time at which the run's events begin, in milliseconds since 1970. */
	zero: number;
	summary: Summary;
}

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain;charset=UTF-8';
/** How long a leaving page may still send. */
const LEAVE_MS = 20_000;

export function shopperOf(visit: Visit, way: Way): Shopper {
	switch (visit.client) {
		case 'sdk':
			return sdk(visit, way);
		case 'batches':
			return batches(visit, way);
		case 'beacon':
			return beacon(visit, way);
		case 'modal':
			return modal(visit, way);
	}
}

/** The project's client. The plan decides about ids and times, so that a run can be repeated. */
function sdk(visit: Visit, way: Way): Shopper {
	let planned: PlannedEvent | null = null;
	const memory = memoryStore();
	const store: Store = {
		...memory,
		put: (key, json) => memory.put(key, json.replace(`"id":"${key}"`, `"id":"${planned?.id ?? key}"`))
	};
	const client = createClient({
		endpoint: way.endpoint,
		shopDomain: visit.shopDomain,
		deviceContext: visit.device.context,
		store,
		flushIntervalMs: 1_000 / way.speed,
		fetch: countingFetch(visit, way),
		beforeSend: (event) => (planned === null ? event : { ...event, timestamp: timeOf(visit, planned, way) }),
		onDrop: (event, reason) => {
			// The server's answer has counted it.
			if (reason !== 'rejected') dropped(visit, way, event.id);
		}
	});
	return {
		tell(event) {
			planned = event;
			if (event.sessionId === null) client.track(event.type, event.data);
			else client.session(event.sessionId).track(event.type, event.data);
			planned = null;
		},
		leave: () => client.shutdown(LEAVE_MS)
	};
}

/** Batches of ten, or what there is after five seconds. What fails, or whose answer is lost, goes back and is sent with what came since. */
function batches(visit: Visit, way: Way): Shopper {
	const fetch = countingFetch(visit, way);
	let waiting: PlannedEvent[] = [];
	const lost = new Set<PlannedEvent>();
	let sending: Promise<boolean> = Promise.resolve(true);
	const flush = (): Promise<boolean> => (sending = sending.then(send));

	async function send(): Promise<boolean> {
		const batch = waiting.slice(0, 10);
		waiting = waiting.slice(batch.length);
		if (batch.length === 0) return true;
		const ok = await post(fetch, way, JSON_TYPE, bodyOf(visit, batch, way));
		const again = !ok || batch.some((event) => event.answerLost && !lost.has(event));
		if (!again) return true;
		for (const event of batch) lost.add(event);
		waiting = [...batch, ...waiting];
		return ok;
	}

	const timer = setInterval(() => void flush(), 5_000 / way.speed);
	return {
		tell(event) {
			waiting.push(event);
			if (waiting.length % 10 === 0) void flush();
		},
		async leave() {
			clearInterval(timer);
			for (let failures = 0; failures < 3;) {
				if (!(await flush())) failures++;
				else if (waiting.length === 0) return;
			}
			for (const { id } of waiting) dropped(visit, way, id);
		}
	};
}

/** Up to twenty events as a beacon: nobody reads the answer. */
function beacon(visit: Visit, way: Way): Shopper {
	let waiting: PlannedEvent[] = [];
	const underWay = new Set<Promise<unknown>>();

	function flush(): void {
		const batch = waiting;
		waiting = [];
		if (batch.length === 0) return;
		way.summary.unread += batch.length;
		const headers = { 'content-type': TEXT_TYPE, 'user-agent': visit.device.userAgent };
		const request = fetch(way.endpoint, { method: 'POST', headers, body: bodyOf(visit, batch, way) })
			.then((response) => response.body?.cancel())
			.catch(() => undefined)
			.finally(() => underWay.delete(request));
		underWay.add(request);
	}

	const timer = setInterval(flush, 3_000 / way.speed);
	return {
		tell(event) {
			waiting.push(event);
			if (waiting.length >= 20) flush();
		},
		async leave() {
			clearInterval(timer);
			flush();
			await Promise.all(underWay);
		}
	};
}

/** One request an event, none of which waits for another, and none is made again; some are made twice. */
function modal(visit: Visit, way: Way): Shopper {
	const fetch = countingFetch(visit, way);
	const underWay = new Set<Promise<void>>();

	function send(event: PlannedEvent, isCopy = false): void {
		const request = post(fetch, way, JSON_TYPE, bodyOf(visit, [event], way)).then((ok) => {
			underWay.delete(request);
			if (!ok && !isCopy) dropped(visit, way, event.id);
		});
		underWay.add(request);
	}

	return {
		tell(event) {
			send(event);
			if (event.answerLost) send(event, true);
		},
		leave: () => Promise.all(underWay).then(() => undefined)
	};
}

function timeOf(visit: Visit, event: PlannedEvent, { zero }: Way): string {
	return new Date(zero + visit.at + event.at).toISOString();
}

/** A batch as the older clients write it. */
function bodyOf(visit: Visit, batch: PlannedEvent[], way: Way): string {
	const events = batch.map((event) => ({
		type: event.type,
		...(event.sessionId === null ? {} : { sessionId: event.sessionId }),
		shopDomain: visit.shopDomain,
		timestamp: timeOf(visit, event, way),
		data: event.data,
		deviceContext: visit.device.context
	}));
	return JSON.stringify({ events });
}

/** Whether the server has committed it. */
async function post(send: typeof fetch, { endpoint }: Way, type: string, body: string): Promise<boolean> {
	try {
		return (await send(endpoint, { method: 'POST', headers: { 'content-type': type }, body })).ok;
	} catch {
		return false;
	}
}

/** What the server says of a batch. */
interface Receipt {
	accepted?: number;
	duplicates?: number;
	rejected?: unknown[];
}

/** A fetch from this visitor's device, which counts what the answers say. */
function countingFetch(visit: Visit, { summary }: Way): typeof fetch {
	return async (url, init) => {
		const headers = new Headers(init?.headers);
		headers.set('user-agent', visit.device.userAgent);
		const response = await fetch(url, { ...init, headers });
		const text = await response.text();
		if (response.ok) {
			const { accepted = 0, duplicates = 0, rejected = [] } = readReceipt(text);
			summary.accepted += accepted;
			summary.duplicates += duplicates;
			summary.rejected += rejected.length;
		}
		return new Response(text, { status: response.status, headers: response.headers });
	};
}

function readReceipt(text: string): Receipt {
	const value: unknown = JSON.parse(text);
	return typeof value === 'object' && value !== null ? value : {};
}

function dropped(visit: Visit, { summary }: Way, id: string): void {
	const event = visit.events.find((one) => one.id === id);
	if (event) summary.lost(visit, event);
}
