/**
 * Compares yesterday with the archive, once a day and on one node, and keeps what was found. A day is compared when it is
 * over for a while, so that nearly all of it is shipped.
 */
import { describe } from '../commit/faults';
import { connect, type Sql } from '../db/connect';
import { takeTurn } from './backfill-turn';
import { isAlike, reconcile, type Reconciliation } from './reconcile';
import type { ObjectStore } from './store';

const DAY_MS = 24 * 3_600_000;
const SETTLED_MS = 30 * 60_000;
const LOOK_MS = 10 * 60_000;

export interface DailyOptions {
	/** Of the database. */
	url: string;
	store: ObjectStore;
	log: { warn(message: string): void };
}

/** Compares until stopped. */
export function startDailyReconciliation(options: DailyOptions): { stop(): Promise<void> } {
	const stopping = new AbortController();
	let running: Promise<void> | null = null;
	const look = (): void => {
		running ??= compareYesterday(options, Date.now(), stopping.signal)
			.catch((error: unknown) => {
				if (!stopping.signal.aborted)
					options.log.warn(`yesterday could not be compared with the archive: ${describe(error)}`);
			})
			.finally(() => (running = null));
	};
	const timer = setInterval(look, LOOK_MS);
	timer.unref();
	look();
	return {
		async stop() {
			clearInterval(timer);
			stopping.abort(new Error('the server is shutting down'));
			await running;
		}
	};
}

/**
 * Compares the day before, unless that has been done, is done by another node just now, or comes too early.
 * @param now milliseconds since 1970
 */
export async function compareYesterday(
	{ url, store, log }: DailyOptions,
	now: number,
	signal: AbortSignal
): Promise<void> {
	const to = now - (now % DAY_MS);
	if (now - to < SETTLED_MS) return;
	const turn = await takeTurn(url, 'reconcile');
	if (turn === null) return;
	const sql = connect({ url, application: 'control-room reconcile', max: 2 });
	try {
		if (await isKept(sql, to - DAY_MS, to)) return;
		const patience = { signal: AbortSignal.any([signal, turn.lost]), onFault: () => undefined };
		const result = await reconcile({ sql, store, patience }, to - DAY_MS, to);
		await keepResult(sql, result);
		if (!isAlike(result)) {
			log.warn(
				`log and archive differ: ${result.differences} events of yesterday, ${result.damaged.length} damaged objects; ` +
					'see the page /backfill'
			);
		}
	} finally {
		await sql.end({ timeout: 1 });
		await turn.release();
	}
}

async function isKept(sql: Sql, from: number, to: number): Promise<boolean> {
	const found = await sql`
		select from reconciliations where from_time = ${new Date(from)} and to_time = ${new Date(to)}`;
	return found.length > 0;
}

/** Keeps a result, in the place of an earlier one of the same stretch. */
export async function keepResult(sql: Sql, result: Reconciliation): Promise<void> {
	await sql`
		insert into reconciliations (from_time, to_time, at, result)
		values (${new Date(result.from)}, ${new Date(result.to)}, ${new Date(result.at)}, ${JSON.stringify(result)}::text::jsonb)
		on conflict (from_time, to_time) do update set at = excluded.at, result = excluded.result`;
}

/** The latest results, newest first. */
export async function keptResults(sql: Sql, most: number): Promise<Reconciliation[]> {
	const rows = await sql<
		{ result: Reconciliation }[]
	>`select result from reconciliations order by at desc limit ${most}`;
	return rows.map(({ result }) => result);
}
