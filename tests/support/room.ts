/** A Control Room for one test, and what its shops send. */
import { expect, onTestFinished } from 'vitest';
import type { Sql } from '../../src/lib/server/db/connect';
import { testDatabase } from './database';
import { startProcess } from './process';

export interface OwnRoom {
	address: string;
	sql: Sql;
}

/** The real process on a database of its own; both are gone after the test. */
export async function startRoom(): Promise<OwnRoom> {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
	return { address, sql: database.sql };
}

/** Sends events, which are taken but for so many that are none. @param rejected null: however many */
export async function post(address: string, events: readonly unknown[], rejected: number | null = 0): Promise<void> {
	const answer = await fetch(`${address}/api/analytics/events`, { method: 'POST', body: JSON.stringify({ events }) });
	expect(answer.status).toBe(200);
	const said = (await answer.json()) as { rejected: unknown[] };
	if (rejected !== null) expect(said.rejected).toHaveLength(rejected);
}
