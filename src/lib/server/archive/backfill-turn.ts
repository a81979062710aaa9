/**
 * Whose turn it is to run backfills, or to compare a day with the archive: one process at a time, whichever nodes and
 * command lines there are. The turn is a lock
 * of a database connection, so it ends with the process that has it, however that ends; a peer that is silently gone is
 * noticed by keepalives on both sides.
 */
import { connect } from '../db/connect';
import { within } from '../db/within';

/** What there can be a turn for: the number of its advisory lock. ensure_month() in the database has 7_403_214. */
const LOCKS = { backfill: 7_403_213, reconcile: 7_403_215 };
const PROBE_MS = 5_000;

export interface Turn {
	/** Fires when the turn is lost: somebody else may have it then. */
	lost: AbortSignal;
	release(): Promise<void>;
}

/** Null while somebody else has it. */
export async function takeTurn(url: string, what: keyof typeof LOCKS = 'backfill'): Promise<Turn | null> {
	const lost = new AbortController();
	const sql = connect({
		url,
		application: `control-room ${what} turn`,
		max: 1,
		settings: { tcp_keepalives_idle: 5, tcp_keepalives_interval: 2, tcp_keepalives_count: 3 },
		onClose: () => {
			lost.abort();
		}
	});
	const end = () => sql.end({ timeout: 1 });
	try {
		const [row] = await sql<{ mine: boolean }[]>`select pg_try_advisory_lock(${LOCKS[what]}) as mine`;
		if (!row?.mine) {
			await end();
			return null;
		}
	} catch (error) {
		await end();
		throw error;
	}
	const probe = setInterval(() => {
		within(PROBE_MS, sql`select 1`).catch(() => {
			lost.abort();
		});
	}, PROBE_MS);
	probe.unref();
	return {
		lost: lost.signal,
		async release() {
			clearInterval(probe);
			await end();
		}
	};
}
