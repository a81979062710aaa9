/**
 * Two processes on one database are one Control Room: what one of them commits is on the walls of both, and what only
 * one may do, one does.
 */
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { verify } from '../../src/lib/server/commit/rebuild';
import type { Sql } from '../../src/lib/server/db/connect';
import { useBrowser } from '../support/browser';
import { testDatabase } from '../support/database';
import { startProcess } from '../support/process';
import { visit, type ClientEvent } from '../support/shop';
import { expectLive, expectWallToEqualSql, region, sessionLink } from '../support/wall';

/** Longer than this test takes to fill its walls, and short enough for a sweep each ten seconds. */
const TIMEOUT_SECONDS = 60;
const PATIENCE = { timeout: 60_000, interval: 25 };
const openPage = useBrowser();

interface Node {
	address: string;
	wall: Page;
}

async function startNodes(): Promise<{ one: Node; other: Node; sql: Sql }> {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const settings = { DATABASE_URL: database.url, PORT: '0', SESSION_TIMEOUT_SECONDS: String(TIMEOUT_SECONDS) };
	const node = async (): Promise<Node> => {
		const { address } = await startProcess(settings);
		const wall = await openPage(address);
		await expectLive(wall);
		return { address, wall };
	};
	const [one, other] = await Promise.all([node(), node()]);
	return { one, other, sql: database.sql };
}

async function post({ address }: Node, ...events: ClientEvent[]): Promise<void> {
	const answer = await fetch(`${address}/api/analytics/events`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ events })
	});
	expect(await answer.json()).toMatchObject({ accepted: events.length, rejected: [] });
}

/** Waits until both walls list the session in this region, and how they call its state there. */
async function expectOnBoth({ one, other }: { one: Node; other: Node }, name: string, sessionId: string, word: RegExp) {
	for (const { wall } of [one, other]) {
		const link = sessionLink(wall, name, sessionId);
		await expect.poll(() => link.allInnerTexts(), PATIENCE).toEqual([expect.stringMatching(word)]);
	}
}

/** Lets the server have heard nothing of these sessions for longer than the timeout, without waiting for it. */
async function silence(sql: Sql, sessionIds: string[]): Promise<void> {
	const { count } = await sql`
		update sessions
		set received_at = received_at - ${`${2 * TIMEOUT_SECONDS} seconds`}::interval
		where session_id = any(${sessionIds}::text[])`;
	expect(count).toBe(sessionIds.length);
}

async function timeoutsOf(sql: Sql): Promise<Record<string, number>> {
	const rows = await sql<{ session_id: string; count: number }[]>`
		select session_id, count(*)::int as count
		from analytics_events
		where event_type = 'session_timed_out'
		group by session_id`;
	return Object.fromEntries(rows.map(({ session_id, count }) => [session_id, count]));
}

async function statusOf(sql: Sql, sessionId: string): Promise<unknown> {
	const [row] = await sql`
		select status, abandonment_reason as reason from sessions where session_id = ${sessionId}`;
	return row;
}

describe('two processes on one database', () => {
	it('show on both walls what was sent to either', async () => {
		const nodes = await startNodes();
		const { one, other, sql } = nodes;
		const { sessionId, event, step } = visit();
		await post(one, event('session_started', { productTitle: 'Oslo Sofa' }));
		await expectOnBoth(nodes, 'Active sessions', sessionId, /Oslo Sofa/);
		await post(other, step('mask', 'started'), event('error', { errorCode: 'E_OTHER' }));
		await expectOnBoth(nodes, 'Active sessions', sessionId, /Mask/);
		for (const { wall } of [one, other]) {
			const errors = region(wall, 'Latest errors').getByRole('listitem');
			await expect.poll(() => errors.allInnerTexts(), PATIENCE).toEqual([expect.stringContaining('E_OTHER')]);
		}
		await post(one, event('session_ended', { status: 'completed' }));
		await expectOnBoth(nodes, 'Recent completions', sessionId, /^\s*Completed/);
		for (const { wall } of [one, other]) await expectWallToEqualSql(wall, sql);
	});

	it('close each silent session by one event; a later sign of life brings it back, and an end that was said stands', async () => {
		const nodes = await startNodes();
		const { one, other, sql } = nodes;
		const visits = Array.from({ length: 12 }, () => visit());
		const [returning, finished, quiet] = visits;
		if (!returning || !finished || !quiet) throw new Error('there are twelve');
		const said = new Map(visits.map((each) => [each, each.event('session_ended', { status: 'completed' })]));
		for (const [index, { event }] of visits.entries()) {
			await post(index % 2 === 0 ? one : other, event('session_started', { productTitle: `Sofa ${index}` }));
		}
		await expectOnBoth(nodes, 'Active sessions', quiet.sessionId, /Sofa 2/);
		expect(await timeoutsOf(sql)).toEqual({});

		const all = visits.map(({ sessionId }) => sessionId);
		await silence(sql, all);
		const once = Object.fromEntries(all.map((id) => [id, 1]));
		await expect.poll(() => timeoutsOf(sql), PATIENCE).toEqual(once);
		await expect
			.poll(() => statusOf(sql, quiet.sessionId), PATIENCE)
			.toEqual({ status: 'abandoned', reason: 'timeout' });
		for (const { wall } of [one, other]) await expectWallToEqualSql(wall, sql);

		const late = { ...returning.step('placement', 'started'), timestamp: new Date().toISOString() };
		await post(other, late);
		await expectOnBoth(nodes, 'Active sessions', returning.sessionId, /Placement/);

		// Said before the server lost patience, but heard after it.
		const end = said.get(finished);
		if (end) await post(one, end);
		expect(await statusOf(sql, finished.sessionId)).toEqual({ status: 'completed', reason: null });
		for (const { wall } of [one, other]) await expectWallToEqualSql(wall, sql);

		// A further round of both sweepers, which closes what came back and nothing twice.
		await silence(sql, [returning.sessionId]);
		await expect.poll(() => timeoutsOf(sql), PATIENCE).toEqual({ ...once, [returning.sessionId]: 2 });
		for (const { wall } of [one, other]) await expectWallToEqualSql(wall, sql);
		expect(await statusOf(sql, finished.sessionId)).toMatchObject({ status: 'completed' });
		const differences = await verify(sql);
		// The one column that this test itself has changed.
		expect(differences.filter(({ table, onlyLive }) => table !== 'sessions' && onlyLive > 0)).toEqual([]);
	});
});
