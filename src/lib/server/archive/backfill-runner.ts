/**
 * Who runs backfills: a server, which looks for jobs that wait or were left behind, and the command line, which runs its
 * own. Both take the turn first, so that one job runs at a time over all of them.
 */
import { hostname } from 'node:os';
import { describe } from '../commit/faults';
import { runBackfill, type BackfillContext } from './backfill';
import { createJob, isAnyDue, steerJob, takeUpJob, unfinishedLike, type Wish } from './backfill-jobs';
import { takeTurn } from './backfill-turn';

const LOOK_MS = 5_000;

export interface BackfillRunner {
	/** There may be something to do: looks at once. */
	look(): void;
	/** Ends at the next window; the job is gone on with by whoever looks next. */
	stop(): Promise<void>;
}

/** Runs what is asked for, until stopped. */
export function startBackfillRunner(context: BackfillContext): BackfillRunner {
	const stopping = new AbortController();
	let looking: Promise<void> | null = null;

	async function work(): Promise<void> {
		if (!(await isAnyDue(context.sql))) return;
		const turn = await takeTurn(context.url);
		if (turn === null) return;
		try {
			const signal = AbortSignal.any([stopping.signal, turn.lost]);
			while (!signal.aborted) {
				const job = await takeUpJob(context.sql, `server on ${hostname()}, process ${process.pid}`);
				if (job === null) return;
				await runBackfill(context, job, signal);
			}
		} finally {
			await turn.release();
		}
	}

	function look(): void {
		if (stopping.signal.aborted) return;
		looking ??= work()
			.catch((error: unknown) => context.log.warn(`a backfill could not be run: ${describe(error)}`))
			.finally(() => (looking = null));
	}

	const timer = setInterval(look, LOOK_MS);
	timer.unref();
	look();
	return {
		look,
		async stop() {
			clearInterval(timer);
			stopping.abort(new Error('the server is shutting down'));
			await looking;
		}
	};
}

/** What became of a run from the command line. */
export type CommandOutcome = 'done' | 'paused' | 'steered' | 'busy';

/**
 * Runs a job here and now: the unfinished one that was asked for in the same words, or a new one. When the signal fires
 * it is paused. 'busy' while somebody else runs one.
 */
export async function runHere(context: BackfillContext, wish: Wish, signal: AbortSignal): Promise<CommandOutcome> {
	const { sql, url } = context;
	const turn = await takeTurn(url);
	if (turn === null) return 'busy';
	try {
		const { id } = (await unfinishedLike(sql, wish)) ?? (await createJob(sql, wish, 'running'));
		const job = await takeUpJob(sql, `command line on ${hostname()}, process ${process.pid}`, id);
		if (job === null) return 'busy';
		context.onProgress?.(job);
		const ended = await runBackfill(context, job, AbortSignal.any([signal, turn.lost]));
		if (ended === 'done') return 'done';
		if (!signal.aborted) return 'steered';
		await steerJob(sql, job.id, 'pause');
		return 'paused';
	} finally {
		await turn.release();
	}
}
