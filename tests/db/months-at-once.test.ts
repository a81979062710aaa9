/** Several nodes that make a month part of the log again at once, whose leaving was interrupted, while somebody reads. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type Sql } from '../../src/lib/server/db/connect';
import { ensureMonth } from '../../src/lib/server/db/log-months';
import { startMonths } from '../../src/lib/server/months/index';
import { event } from '../support/events';
import { halfDetach, NOW, useLogOfMonths } from '../support/months';

const { database, commit, fill, months } = useLogOfMonths();

let pools: Sql[];
beforeEach(() => {
	pools = [];
});
afterEach(async () => {
	await Promise.all(pools.map((sql) => sql.end()));
});

function node(application = 'a node'): Sql {
	const sql = connect({ url: database.url, application, max: 1 });
	pools.push(sql);
	return sql;
}

const deadlocks = async () => {
	const [row] = await database.sql<{ deadlocks: number }[]>`
		select deadlocks::int from pg_stat_database where datname = current_database()`;
	return row?.deadlocks;
};

const waiting = async () =>
	(await database.sql`select from pg_stat_activity where application_name = 'a node' and wait_event_type = 'Lock'`).length; // prettier-ignore

test('all of them get it, none fails, and until the reader has ended nobody else waits: for an event, a new month, or a start', async () => {
	await fill();
	await halfDetach(database, 'analytics_events_2026_01');
	// Who comes now is older than what the first of them will wait for.
	const first = node('the one before');
	await first.unsafe('begin; select pg_advisory_xact_lock(7403214)');
	const reader = node('reader');
	await reader.unsafe('begin isolation level repeatable read; select from analytics_events limit 1');
	const ended: number[] = [];
	const nodes = [1, 2, 3].map((which) => ensureMonth(node(), '2026-01-09').then(() => ended.push(which)));
	await expect.poll(waiting).toBeGreaterThan(1);
	await first.unsafe('commit');

	expect(await commit([event('now', { clientTime: NOW, serverTime: NOW })])).toBe(1);
	const later = Date.UTC(2027, 4, 9);
	expect(await commit([event('later', { clientTime: later, serverTime: later })])).toBe(1);
	const quiet = { info: () => undefined, warn: () => undefined };
	const keeper = await startMonths({ url: database.url, sql: node('a start'), keepMonths: 0, log: quiet });
	expect(ended).toEqual([]);
	expect(await months()).not.toHaveProperty('2026_01');
	await reader.unsafe('commit');
	await Promise.all([...nodes, keeper.stop()]);
	expect(await months()).toMatchObject({ '2026_01': 6, '2026_02': 6, '2026_11': 1, '2027_05': 1 });
	expect(await deadlocks()).toBe(0);
});
