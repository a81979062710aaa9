/** Commits events to a database as the process does, without a process. */
import { commitStatement, type CommitResult } from '../../src/lib/server/commit/statement';
import { logRow, type LogEvent } from '../../src/lib/server/commit/rows';
import type { Sql } from '../../src/lib/server/db/connect';

/** Commits these events in one commit and returns its id; null when all were known. */
export async function commitEvents(sql: Sql, events: readonly LogEvent[]): Promise<string | null> {
	const rows = events.map((event) => logRow(event).json);
	const [row] = await sql.unsafe<CommitResult[]>(
		commitStatement,
		[`[${rows.join(',')}]`, '[]', 'ingest', events.length],
		{ prepare: true }
	);
	return row?.commit_id ?? null;
}
