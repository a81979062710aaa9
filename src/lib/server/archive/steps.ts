/**
 * Long work on one object in steps, so that requests and screens of the same process never wait for all of it: each `yield`
 * is a place where something else may come first.
 */
import { setImmediate as otherWork } from 'node:timers/promises';

export type Steps<T> = Generator<undefined, T>;

/** Work at a stretch. */
const STRETCH_MS = 10;

/** Does the work, and lets others come first whenever it has taken a while. */
export async function inSteps<T>(steps: Steps<T>): Promise<T> {
	let since = performance.now();
	for (;;) {
		const step = steps.next();
		if (step.done) return step.value;
		if (performance.now() - since < STRETCH_MS) continue;
		await otherWork();
		since = performance.now();
	}
}
