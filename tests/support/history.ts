/** A database with a past for tests of whole pages: a simulated history, the same for the same seed but for its times. */
import { writeHistory, type HistoryOptions } from '../../src/simulate/history';
import type { Sql } from '../../src/lib/server/db/connect';
import { testDatabase, type TestDatabase } from './database';

const SESSION_TIMEOUT_MS = 600_000;

/** A database of its own, with this history in it and the planner's knowledge of it. */
export async function databaseWithHistory(options: HistoryOptions): Promise<TestDatabase> {
	const database = await testDatabase();
	const { sql, url } = database;
	const output = { write: () => undefined, isTTY: false };
	await writeHistory(options, { sql, url, sessionTimeoutMs: SESSION_TIMEOUT_MS }, output, new AbortController().signal);
	await sql.unsafe('analyze');
	return database;
}

/** Ones that exist. */
export interface Names {
	session: string;
	group: string;
	shop: string;
}

/** Ones with much behind them. */
export async function namesIn(sql: Sql): Promise<Names> {
	const [row] = await sql<Names[]>`
		select
			(select session_id from sessions where status = 'completed' order by started_at desc limit 1) as session,
			(select group_key from error_groups order by error_count desc limit 1) as group,
			(select domain from shops order by total_sessions desc limit 1) as shop`;
	if (!row) throw new Error('the history is empty');
	return row;
}
