/**
 * The page's one clock: the server's time, ticking once a second, so that every "42 s" and "3 min ago" moves together
 * and without the network. It starts at the moment of the server-rendered state, so that the first paint in the
 * browser says exactly what the server wrote; only then it begins to tick.
 */
import { getContext, setContext, untrack } from 'svelte';
import type { Millis } from './messages';
import { clockOffset, withSample, type ClockSample } from './samples';

const SAMPLES_KEPT = 8;

export class Clock {
	/** The server's time, renewed once a second. */
	now = $state<Millis>(0);
	/** The zone in which times are written: the page's own choice, else UTC until the viewer's is known. */
	zone = $state('UTC');
	readonly #zoneGiven: boolean;
	#samples: ClockSample[] = [];
	/** What to add to Date.now() to get the server's time; 0 until the server has been asked. */
	#offset = 0;

	constructor(at: Millis, zone?: string) {
		this.now = at;
		this.#zoneGiven = zone !== undefined;
		if (zone !== undefined) this.zone = zone;
	}

	/** The server's time this very millisecond, as well as it is known. */
	exactly(): Millis {
		return Date.now() + this.#offset;
	}

	/** Takes in one answer of the server about its time. */
	learn(sample: ClockSample): void {
		this.#samples = withSample(this.#samples, sample, SAMPLES_KEPT);
		this.#offset = clockOffset(this.#samples) ?? 0;
	}

	/** Starts to tick, in the viewer's zone if none was given; the returned function stops it. */
	start(): () => void {
		untrack(() => {
			if (!this.#zoneGiven) this.zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
			this.now = Math.max(this.now, this.exactly());
		});
		const timer = setInterval(() => (this.now = this.exactly()), 1_000);
		return () => clearInterval(timer);
	}
}

const KEY = Symbol('clock');

/** Makes the clock of a page, in a zone of the page's choice or the viewer's, and hands it to all components of it. */
export function provideClock(at: Millis, zone?: string): Clock {
	return setContext(KEY, new Clock(at, zone));
}

/** The clock of the page that this component is on. */
export function useClock(): Clock {
	return getContext<Clock>(KEY);
}
