/**
 * Plays a plan against the clock, over HTTP, to a running server. Each event is due at a fixed time after the beginning,
 * so that a run does not drift, however busy the machine is.
 *
 * At another speed than life's the events' times stay as far apart as they would be in life. They are set back so far
 * that the run's last one happens when it is sent: a server would take times ahead of its own for a clock that runs wrong.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { counted } from '../lib/ui/format';
import { shopperOf } from './clients';
import { planOf, type Visit } from './plan';
import { progressOn, type Output } from './progress';
import { LONGEST_VISIT_MS } from './story';
import { Summary } from './summary';

export interface LiveOptions {
	seed: string;
	shops: number;
	sessionsPerMinute: number;
	minutes: number;
	/** Milliseconds of the plan in one of life. */
	speed: number;
	/** The full address. */
	endpoint: string;
}

/** A Wednesday afternoon in Europe: the run's own time of day is part of its plan. */
const BEGINS = Date.UTC(2026, 9, 14, 14);
const DRAW_MS = 250;
/** The first event is as much older than its request, so that a timer that fires early makes none of the future. */
const MARGIN_MS = 5;

/** Runs until the last visit is over or the signal fires; says what happened, or in one line why it could not begin. */
export async function runLive(options: LiveOptions, output: Output, signal: AbortSignal): Promise<Summary | string> {
	const { seed, shops, sessionsPerMinute, minutes, speed, endpoint } = options;
	const unreachable = await check(endpoint);
	if (unreachable !== null) return unreachable;
	setMaxListeners(0, signal);

	const spanMs = minutes * 60_000;
	const sessions = Math.max(1, Math.round(sessionsPerMinute * minutes));
	const plan = planOf({ seed, shops, sessions, spanMs, begins: BEGINS });
	const summary = new Summary();
	output.write(
		`About ${counted(sessions, 'sessions')} in ${counted(shops, 'shops')} within ${counted(minutes, 'minutes')}` +
			`${speed === 1 ? '' : `, at ${speed} times the speed of life`}, to ${endpoint}. Repeat it with --seed ${seed}. Ctrl-C ends it.\n`
	);

	const start = Date.now();
	const longest = spanMs + LONGEST_VISIT_MS;
	const zero = start + Math.min(0, longest / speed - longest) - MARGIN_MS;
	const elapsed = (): number => (Date.now() - start) * speed;
	/** Waits for a moment of the plan; false when the run is to end before it. */
	async function reach(moment: number): Promise<boolean> {
		const wait = start + moment / speed - Date.now();
		if (wait > 0) await pause(wait, undefined, { signal }).catch(() => undefined);
		return !signal.aborted;
	}

	async function play(visit: Visit): Promise<void> {
		const shopper = shopperOf(visit, { endpoint, speed, zero, summary });
		// The modal does not wait for one request before it makes the next.
		const held = visit.client === 'modal';
		const events = held ? [...visit.events].sort((a, b) => a.at + a.delay - b.at - b.delay) : visit.events;
		let told = 0;
		let inSession = false;
		for (const event of events) {
			if (!(await reach(visit.at + event.at + (held ? event.delay : 0)))) break;
			summary.made(visit, event);
			shopper.tell(event);
			told++;
			inSession ||= event.sessionId !== null;
		}
		if (inSession) summary.ended(visit, outcomeOf(visit, told));
		await shopper.leave();
	}

	const inShop = new Set<Promise<void>>();
	const progress = progressOn(output);
	let end = spanMs;
	const draw = (): void => progress.at(elapsed() / end, summary.events);
	const timer = setInterval(draw, DRAW_MS);
	try {
		for (const visit of plan.inOrder()) {
			if (!(await reach(visit.at))) break;
			end = Math.max(end, visit.at + (visit.events.at(-1)?.at ?? 0));
			const played = play(visit).finally(() => inShop.delete(played));
			inShop.add(played);
		}
		await Promise.all(inShop);
		draw();
	} finally {
		clearInterval(timer);
		progress.end();
	}
	return summary;
}

function outcomeOf(visit: Visit, told: number): string {
	if (told < visit.events.length) return 'interrupted';
	return visit.outcome === 'silent' ? 'never ended' : (visit.outcome ?? '');
}

/** One line if nothing answers there. */
async function check(endpoint: string): Promise<string | null> {
	try {
		await (await fetch(endpoint)).arrayBuffer();
		return null;
	} catch {
		return `Nothing answers at ${endpoint}. Start the server with "npm start", or name another with --endpoint.`;
	}
}
