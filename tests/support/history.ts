/** A database with a past for tests of whole pages: a simulated history, the same for the same seed but for its times. */
import { writeHistory, type HistoryOptions } from '../../src/simulate/history';
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
