/** Shoppers beside a running server: their options. */
import type { Output } from './progress';
import type { Summary } from './summary';

export interface LiveOptions {
	seed: string;
	shops: number;
	sessionsPerMinute: number;
	minutes: number;
	speed: number;
	endpoint: string;
}

/** Not before the next commit. */
export function runLive({ seed }: LiveOptions, output: Output, signal: AbortSignal): Promise<Summary | string> {
	if (!signal.aborted) output.write(`Seed ${seed}\n`);
	return Promise.resolve('Only histories can be simulated yet: add --backdate 30d.');
}
