/** Works at erasures as long as the process runs: those that are asked for here, and those that others left behind. */
import { describe } from '../commit/faults';
import { closeAnswered } from './data-requests';
import { workAtErasure, type ForgetContext } from './job';

export interface Forgetting {
	/** Looks now whether there is something to do. */
	look(): void;
	/** Ends after the piece under way; the next start, or another node, goes on. */
	stop(): Promise<void>;
}

const LOOK_EVERY_MS = 5_000;

/** Looks every so often until stopped. */
export function startForgetting(context: ForgetContext): Forgetting {
	const stopping = new AbortController();
	let working: Promise<void> | null = null;

	async function work(): Promise<void> {
		await closeAnswered(context.sql);
		while (!stopping.signal.aborted && (await workAtErasure(context, stopping.signal)));
	}

	function look(): void {
		if (stopping.signal.aborted) return;
		working ??= work()
			.catch((error: unknown) => {
				context.log.warn({ fault: describe(error) }, 'erasures could not be looked for');
			})
			.finally(() => (working = null));
	}

	const timer = setInterval(look, LOOK_EVERY_MS);
	timer.unref();
	look();
	return {
		look,
		async stop() {
			clearInterval(timer);
			stopping.abort(new Error('the server is shutting down'));
			await working;
		}
	};
}
