/**
 * kill -9 under load: what was acknowledged is there, once, and so is its fold. The real process with its own database,
 * which flushes to disk as in production.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { verify } from '../../src/lib/server/commit/rebuild';
import { connect, type Sql } from '../../src/lib/server/db/connect';
import { distinctTimes, shopEvent, startClient, type Client } from '../support/client';
import { signalPostgres, temporaryDataDir } from '../support/data-directory';
import { freePort, startProcess } from '../support/process';

const KILLS = { app: 20, postgres: 20 } as const;
/** Events that must be acknowledged between two kills, so that each meets a working process. */
const BETWEEN = 40;

/** Not a wait for something: the moment of the kill is to be any. */
function anyMoment(): Promise<void> {
	return pause(Math.random() * 150);
}

/** A client whose events have an id of their own or, every other one, none. */
function crowd(address: string): Client {
	const at = distinctTimes();
	return startClient({
		address,
		connections: 8,
		batch: 5,
		restMs: 5,
		make: (n) => ({ ...shopEvent(n, at(), 'sess'), ...(n % 2 === 0 ? { id: `e_${n}` } : {}) })
	});
}

async function expectNothingLost(sql: Sql, { acknowledged }: Client): Promise<void> {
	const rows = await sql<{ n: number; count: number }[]>`
		select (data ->> 'n')::int as n, count(*)::int as count from analytics_events group by 1`;
	const stored = new Map(rows.map(({ n, count }) => [n, count]));
	expect({
		missing: [...acknowledged].filter((n) => !stored.has(n)),
		duplicated: rows.filter(({ count }) => count > 1),
		// All were sent until they were acknowledged.
		stored: stored.size
	}).toEqual({ missing: [], duplicated: [], stored: acknowledged.size });

	const differences = await verify(sql);
	expect(differences.filter(({ onlyLive, onlyRebuilt }) => onlyLive + onlyRebuilt > 0)).toEqual([]);
	expect(differences.length).toBeGreaterThanOrEqual(5);
	const [folded] = await sql<{ events: number; errors: number; requests: number }[]>`
		select
			(select sum(event_count)::int from sessions) as events,
			(select count(*)::int from errors) as errors,
			(select count(*)::int from ai_requests) as requests`;
	const [logged] = await sql<{ events: number; errors: number; requests: number }[]>`
		select
			count(*)::int as events,
			count(*) filter (where event_type = 'error')::int as errors,
			count(distinct data ->> 'requestId')::int as requests
		from analytics_events`;
	expect(folded).toEqual(logged);
}

describe('kill -9 under load', () => {
	it(`of the process, ${KILLS.app} times, loses nothing, doubles nothing, and leaves no event without its fold`, async () => {
		const dataDir = await temporaryDataDir();
		const port = String(await freePort());
		let app = await startProcess({ DATA_DIR: dataDir, PORT: port });
		const sql = connect({ url: app.databaseUrl, application: 'tests', max: 1 });
		onTestFinished(() => sql.end({ timeout: 1 }));
		const [durable] =
			await sql`select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit`;
		expect(durable).toEqual({ fsync: 'on', commit: 'on' });

		const client = crowd(app.address);
		for (let kill = 0; kill < KILLS.app; kill++) {
			await client.acknowledges(BETWEEN);
			await anyMoment();
			app.kill('SIGKILL');
			expect(await app.ended).toMatchObject({ signal: 'SIGKILL' });
			app = await startProcess({ DATA_DIR: dataDir, PORT: port });
		}
		await client.drain();
		expect(client.answers.get(0), 'requests without an answer').toBeGreaterThan(0);
		await expectNothingLost(sql, client);
	});

	it(`of PostgreSQL, ${KILLS.postgres} times, loses nothing; the process answers 503 meanwhile and goes on by itself`, async () => {
		const dataDir = await temporaryDataDir();
		// A deadline shorter than a restart of the database: some requests must be told.
		const app = await startProcess({ DATA_DIR: dataDir, PORT: '0', REQUEST_DEADLINE_MS: '150' });
		const sql = connect({ url: app.databaseUrl, application: 'tests', max: 1 });
		onTestFinished(() => sql.end({ timeout: 1 }));

		const client = crowd(app.address);
		for (let kill = 0; kill < KILLS.postgres; kill++) {
			await client.acknowledges(BETWEEN);
			await anyMoment();
			await signalPostgres(dataDir, 'SIGKILL');
			expect((await fetch(`${app.address}/healthz`)).status).toBe(200);
		}
		await client.acknowledges(BETWEEN);
		await client.drain();
		expect([...client.answers.keys()].sort()).toEqual([200, 503]);
		await expect.poll(async () => (await fetch(`${app.address}/readyz`)).status).toBe(200);
		await expectNothingLost(sql, client);
		app.kill('SIGTERM');
		expect(await app.ended).toMatchObject({ code: 0 });
	});
});
