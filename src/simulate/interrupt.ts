/** Ctrl-C, in two steps: the first asks for an end with a summary, a second one ends at once. */

/** npm passes a Ctrl-C on that the terminal has already sent: two within this time are one. */
const SAME_MS = 600;

/** Does the work with a signal that the first SIGINT or SIGTERM fires. */
export async function untilInterrupted<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
	const interrupted = new AbortController();
	let first = 0;
	function onSignal(): void {
		if (first === 0) {
			first = Date.now();
			interrupted.abort();
		} else if (Date.now() - first > SAME_MS) process.exit(130);
	}
	process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
	try {
		return await work(interrupted.signal);
	} finally {
		process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
	}
}
