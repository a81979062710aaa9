/**
 * The turn that an erasure shares with whoever makes tables anew or takes months out of the log: a rebuild has read what is
 * erased meanwhile and would put it back, and a month that is leaving is not looked at, but counted in all sums.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Patience } from '../archive/backfill-reading';
import { REBUILD_LOCK } from '../commit/rebuild';
import type { Sql } from '../db/connect';

/** After so long it looks whether the process ends, and asks again. */
const ASK_MS = 1_000;
const REST_MS = 50;
const BUSY = '55P03';

/** Does something while no table is made anew and no month leaves the log. Waits for whoever does so now. */
export async function withTurn<T>(sql: Sql, patience: Patience, work: () => Promise<T>): Promise<T> {
	for (;;) {
		const turn = { isMine: false };
		try {
			return await sql
				.begin(async (transaction) => {
					// As plain text: a prepared statement keeps its snapshot, for which a month that is leaving would wait.
					await transaction.unsafe(
						`set local lock_timeout = ${ASK_MS}; set local idle_in_transaction_session_timeout = 0;
						select pg_advisory_xact_lock(${REBUILD_LOCK})`
					);
					turn.isMine = true;
					return { done: await work() };
				})
				.then(({ done }) => done);
		} catch (error) {
			if (turn.isMine || codeOf(error) !== BUSY) throw error;
			await sleep(REST_MS, undefined, { signal: patience.signal });
		}
	}
}

function codeOf(error: unknown): unknown {
	return typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
}
