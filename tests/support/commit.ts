/** Commits events to a database as the process does, without a process. */
import { makeMonths, reachOf } from '../../src/lib/server/commit/months';
import { commitStatement, type CommitResult } from '../../src/lib/server/commit/statement';
import { logRow, type LogEvent } from '../../src/lib/server/commit/rows';
import type { Sql } from '../../src/lib/server/db/connect';
import { EVERYTHING } from '../../src/lib/server/projections/expected';

/**
 * Commits these events in one commit and returns its id; null when all were known. With `notify: false` as if the
 * notification had been lost on its way.
 */
export async function commitEvents(
	sql: Sql,
	events: readonly LogEvent[],
	{ notify = true } = {}
): Promise<string | null> {
	const rows = events.map(logRow);
	await makeMonths(sql, rows);
	const { way, stretches } = reachOf(rows, 'ingest', Date.now());
	const statement = commitStatement(EVERYTHING, true, way);
	const [row] = await sql.unsafe<CommitResult[]>(
		notify ? statement : statement.replace('pg_notify(', 'concat('),
		[`[${rows.map(({ json }) => json).join(',')}]`, '[]', 'ingest', events.length, ...stretches],
		{ prepare: true }
	);
	return row?.commit_id ?? null;
}
