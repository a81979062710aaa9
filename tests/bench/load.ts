/** A steady rate of events, one request an event, of 200 sessions that go on at the same time. */
import { Agent, request } from 'node:http';
import { session, type WireEvent } from './shoppers';

const SHOPPERS = 200;

export interface Load {
	sent: number;
	/** Answered with anything but 200. */
	failed: number;
}

export interface LoadOptions {
	/** Of the process. */
	address: string;
	/** Events a second. */
	rate: number;
	/** Asked again and again: send on? */
	goesOn: () => boolean;
	/** Just before an event is sent. */
	onSend?: (event: WireEvent) => void;
	/** When an event was sent, and how long its answer took: by performance.now(). */
	onAnswer?: (sentAt: number, tookMs: number) => void;
}

/** Sends for as long as it goes on, then waits for all answers. */
export async function runLoad({ address, rate, goesOn, onSend, onAnswer }: LoadOptions): Promise<Load> {
	const agent = new Agent({ keepAlive: true, maxSockets: 64 });
	const sessions = Array.from({ length: SHOPPERS }, () => session());
	const load: Load = { sent: 0, failed: 0 };
	const under: Promise<void>[] = [];
	const started = performance.now();
	while (goesOn()) {
		const due = Math.floor(((performance.now() - started) / 1000) * rate);
		for (; load.sent < due; load.sent++) {
			const event = nextEvent(sessions, load.sent % SHOPPERS);
			onSend?.(event);
			const sentAt = performance.now();
			under.push(
				post(agent, address, event).then((status) => {
					if (status !== 200) load.failed++;
					onAnswer?.(sentAt, performance.now() - sentAt);
				})
			);
		}
		await new Promise((resolve) => setTimeout(resolve, 1));
	}
	await Promise.all(under);
	agent.destroy();
	return load;
}

function nextEvent(sessions: WireEvent[][], place: number): WireEvent {
	const events = sessions[place] ?? [];
	const event = events.shift();
	if (event) return { ...event, timestamp: new Date().toISOString() };
	sessions[place] = session();
	return nextEvent(sessions, place);
}

/** The status of the answer; 0 when there is none. */
function post(agent: Agent, address: string, event: WireEvent): Promise<number> {
	return new Promise((resolve) => {
		const body = JSON.stringify(event);
		const outgoing = request(`${address}/api/analytics/events`, {
			agent,
			method: 'POST',
			headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
		});
		outgoing.on('response', (response) => {
			response.resume().on('end', () => resolve(response.statusCode ?? 0));
		});
		outgoing.on('error', () => resolve(0));
		outgoing.end(body);
	});
}
