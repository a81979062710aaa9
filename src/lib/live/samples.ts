/**
 * Two small measures: how far the viewer's clock is from the server's, and how long a commit takes to reach the pixels.
 * Both keep a bounded number of samples.
 */
import type { Millis } from './messages';

/** One question for the server's time: asked and answered by the viewer's clock, and what the server said. */
export interface ClockSample {
	asked: Millis;
	answered: Millis;
	server: Millis;
}

/**
 * Milliseconds to add to the viewer's clock to get the server's. The quickest answer is the least distorted one,
 * because what it can be wrong by is half its way; null without samples.
 */
export function clockOffset(samples: readonly ClockSample[]): number | null {
	let best: ClockSample | null = null;
	for (const sample of samples) {
		if (!best || sample.answered - sample.asked < best.answered - best.asked) best = sample;
	}
	return best && best.server - (best.asked + best.answered) / 2;
}

/** The value below which `share` (0 to 1) of the samples lie, by nearest rank; null without samples. */
export function percentile(samples: readonly number[], share: number): number | null {
	if (samples.length === 0) return null;
	const sorted = [...samples].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? null;
}

/** The samples with one more, without the oldest beyond `keep`. */
export function withSample<T>(samples: readonly T[], sample: T, keep: number): T[] {
	return [...samples.slice(-(keep - 1)), sample];
}
