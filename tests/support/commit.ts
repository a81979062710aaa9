/** Commits events to a database as the process does, without a process. */
import { commitStatement, type CommitResult } from '../../src/lib/server/commit/statement';
import { logRow, type LogEvent } from '../../src/lib/server/commit/rows';
import type { Sql } from '../../src/lib/server/db/connect';

/**
 * Commits these events in one commit and returns its id; null when all were known. With `notify: false` as if the
 * notification had been lost on its way.
 */
export async function commitEvents(
	sql: Sql,
	events: readonly LogEvent[],
	{ notify = true } = {}
): Promise<string | null> {
	const rows = events.map((event) => logRow(event).json);
	const [row] = await sql.unsafe<CommitResult[]>(
		notify ? commitStatement() : commitStatement().replace('pg_notify(', 'concat('),
		[`[${rows.join(',')}]`, '[]', 'ingest', events.length],
		{ prepare: true }
	);
	return row?.commit_id ?? null;
}
