/** Work that nobody waits for leaves half of the time to those who are waited for. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Does it, then rests for as long as it took. */
export async function gently<Result>(work: () => Promise<Result>): Promise<Result> {
	const begun = performance.now();
	const result = await work();
	await sleep(performance.now() - begun);
	return result;
}
