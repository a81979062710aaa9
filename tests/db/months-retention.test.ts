/** Months leave the log when the archive has them, and come back from it, exactly; nothing else moves. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createJob } from '../../src/lib/server/archive/backfill-jobs';
import { rebuild, verify } from '../../src/lib/server/commit/rebuild';
import { connect } from '../../src/lib/server/db/connect';
import { missingMonths } from '../../src/lib/server/db/log-months';
import { retain } from '../../src/lib/server/months/retention';
import { archived } from '../../src/lib/server/read/archived';
import { event } from '../support/events';
import { DAY, halfDetach, JAN, NOW, useLogOfMonths } from '../support/months';

const LACKING = 'the archive does not have all of its commits yet';
const { database, commit, fill, ship, broughtBack, retention, bringBack, months, everything, expectVerified } =
	useLogOfMonths();

describe('a month leaves the log', () => {
	test('when it is older than what is kept and the archive has it; what was counted from it stays', async () => {
		await fill();
		await ship();
		const { analytics_events: log, ...folds } = await everything();
		expect(log).toHaveLength(20);
		expect(await retention(true)).toMatchObject([{ month: '2026-01', keptBecause: null, took: null }, { month: '2026-02', keptBecause: null }]); // prettier-ignore
		expect(await months()).toEqual({ '2026_01': 6, '2026_02': 6, '2026_03': 4, '2026_04': 4 });
		expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: null }, { month: '2026-02', keptBecause: null }]); // prettier-ignore
		expect(await months()).toEqual({ '2026_03': 4, '2026_04': 4 });
		expect(await everything()).toMatchObject(folds);
		expect(await database.sql`select from month_edge_events`).toHaveLength(0);
		expect(await retention()).toEqual([]);
	});

	test('not while the archive lacks a commit of it, and all months stay where that is wished', async () => {
		await fill();
		await ship();
		await commit([event('late', { clientTime: JAN, serverTime: JAN })]);
		expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: LACKING }, { month: '2026-02', keptBecause: null }]); // prettier-ignore
		expect(await retain(database.url, { keepMonths: 0, now: NOW, dryRun: false })).toEqual([]);
		expect(await months()).toMatchObject({ '2026_01': 7 });
	});

	test('not while a backfill of it is unfinished, nor while somebody else is at it', async () => {
		await fill();
		await ship();
		const { id } = await createJob(database.sql, { from: JAN, to: JAN + DAY, prefix: '', dryRun: false });
		expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: `backfill ${id} is not finished` }, { month: '2026-02', keptBecause: null }]); // prettier-ignore
		await database.sql`update backfill_jobs set state = 'done'`;
		await database.sql.begin(async (sql) => {
			await sql`select pg_advisory_xact_lock(7403212)`;
			expect(await retention()).toBe('busy');
		});
		expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: null }]);
	});

	test('however its drop is interrupted: the next run goes on, or an event of it makes it part of the log again', async () => {
		await fill();
		await ship();
		const detach = (month: string) => database.sql.unsafe(`alter table analytics_events detach partition analytics_events_${month} concurrently`); // prettier-ignore
		await detach('2026_01');
		await detach('2026_02');
		expect(await commit([event('late', { clientTime: JAN, serverTime: JAN })])).toBe(1);
		expect(await months()).toMatchObject({ '2026_01': 7 });
		expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: LACKING }, { month: '2026-02', keptBecause: null }]); // prettier-ignore
		await detach('2026_01');
		expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: LACKING }]); // prettier-ignore
		expect(await months()).toMatchObject({ '2026_01': 7 });
		await ship();
		await detach('2026_01');
		expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: null }]);
		await expect(verify(database.sql)).rejects.toThrow('The log lacks 7 of 7 events of 2026-01');
	});

	test('or stays, although its drop was interrupted half-way, when it has to stay by now', async () => {
		await fill();
		await ship();
		await halfDetach(database, 'analytics_events_2026_01');
		expect(await months()).toEqual({ '2026_02': 6, '2026_03': 4, '2026_04': 4 });
		const { id } = await createJob(database.sql, { from: JAN, to: JAN + DAY, prefix: '', dryRun: false });
		expect(await retention(true)).toMatchObject([{ month: '2026-01', keptBecause: `backfill ${id} is not finished` }, { month: '2026-02' }]); // prettier-ignore
		expect(await months()).not.toHaveProperty('2026_01');
		expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: `backfill ${id} is not finished` }, { month: '2026-02', keptBecause: null }]); // prettier-ignore
		expect(await months()).toEqual({ '2026_01': 6, '2026_03': 4, '2026_04': 4 });
	});

	test.each([
		['all months are kept', 0],
		['more months are kept', 11]
	])('or is seen again, although its drop was interrupted half-way, when %s by now', async (_, keepMonths) => {
		await fill();
		await ship();
		const before = await everything();
		await database.sql.unsafe('alter table analytics_events detach partition analytics_events_2026_02 concurrently');
		await halfDetach(database, 'analytics_events_2026_01');
		const changed = { keepMonths, now: NOW };
		expect(await retain(database.url, { ...changed, dryRun: true })).toEqual([]);
		expect(await months()).toEqual({ '2026_03': 4, '2026_04': 4 });
		expect(await retain(database.url, { ...changed, dryRun: false })).toEqual([]);
		expect(await everything()).toEqual(before);
	});

	test('or takes in an event of it, although its drop was interrupted half-way, and shows all of it at the next run', async () => {
		await fill();
		await ship();
		await halfDetach(database, 'analytics_events_2026_01');
		expect(await commit([event('late', { clientTime: JAN, serverTime: JAN })])).toBe(1);
		expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: LACKING }, { month: '2026-02', keptBecause: null }]); // prettier-ignore
		expect(await months()).toMatchObject({ '2026_01': 7 });
		await ship();
		expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: null }]);
		expect(await missingMonths(database.sql)).toMatchObject([{ month: '2026-01', events: 7 }, { month: '2026-02' }]);
	});

	test('or stays for an event of it that comes while it is detached', async () => {
		await fill();
		await ship();
		const reader = connect({ url: database.url, application: 'tests', max: 1 });
		// Of the log as a whole, and of no month.
		await reader.unsafe('begin; lock table only analytics_events in access share mode');
		const leaving = retention();
		const isDetaching = async () => (await database.sql`select from pg_inherits where inhdetachpending`).length;
		await expect.poll(isDetaching).toBe(1);
		expect(await commit([event('late', { clientTime: JAN, serverTime: JAN })])).toBe(1);
		await reader.end();
		expect(await leaving).toMatchObject([{ month: '2026-01', keptBecause: 'an event of it came just now', took: null }, { month: '2026-02', keptBecause: null }]); // prettier-ignore
		expect(await months()).toMatchObject({ '2026_01': 7 });
		expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: LACKING }]);
	});

	test('for good, although its table could not be removed: the next run does that, even if the month is back', async () => {
		await fill();
		await ship();
		const before = await everything();
		const left = () =>
			database.sql<{ name: string }[]>`select relname as name from pg_class where relname ~ '^left_month' order by 1`;
		// A view keeps the table, though not its indexes.
		await database.sql`create view somebodys as select * from analytics_events_2026_01`;
		await expect(retention()).rejects.toThrow('other objects depend on it');
		expect(await months()).toEqual({ '2026_02': 6, '2026_03': 4, '2026_04': 4 });
		expect(await left()).toEqual([{ name: 'left_month_2026_01' }]);
		const [january] = await missingMonths(database.sql);
		if (!january) throw new Error('January has left the log');
		await bringBack(january);
		expect(await everything()).toEqual(before);

		await database.sql`drop view somebodys`;
		await broughtBack(1);
		expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: 'it was brought back less than 7 days ago' }, { month: '2026-02', keptBecause: null }]); // prettier-ignore
		expect(await left()).toEqual([]);
		expect(await months()).toEqual({ '2026_01': 6, '2026_03': 4, '2026_04': 4 });
	});

	test('and is removed by the next run where all months are kept by now, when the run that it left in was cut off', async () => {
		await fill();
		await ship();
		await database.sql`create view somebodys as select * from analytics_events_2026_01`;
		await expect(retention()).rejects.toThrow('other objects depend on it');
		await database.sql`drop view somebodys`;
		expect(await retain(database.url, { keepMonths: 0, now: NOW, dryRun: true })).toEqual([]);
		expect(await database.sql`select to_regclass('left_month_2026_01') is null as gone`).toEqual([{ gone: false }]);
		expect(await retain(database.url, { keepMonths: 0, now: NOW, dryRun: false })).toEqual([]);
		expect(await database.sql`select to_regclass('left_month_2026_01') is null as gone`).toEqual([{ gone: true }]);
		expect(await missingMonths(database.sql)).toMatchObject([{ month: '2026-01', events: 6 }]);
	});

	test('while others read and write: none of them fails', async () => {
		await fill();
		await ship();
		const dropping = new AbortController();
		const writing = (async () => {
			let written = 0;
			for (; !dropping.signal.aborted; written++)
				await commit([event('now', { id: `n${written}`, clientTime: NOW, serverTime: NOW })]);
			return written;
		})();
		const reading = (async () => {
			while (!dropping.signal.aborted)
				await database.sql`select count(*) from analytics_events where session_id = 's0'`;
		})();
		expect(await retention()).toMatchObject([{ keptBecause: null }, { keptBecause: null }]);
		dropping.abort();
		const [written] = await Promise.all([writing, reading]);
		expect(await months()).toMatchObject({ '2026_11': written, '2026_03': 4 });
	});
});

describe('a month that has left the log', () => {
	beforeEach(async () => {
		await fill();
		await ship();
	});

	test('keeps verify and rebuild from saying what they cannot know, until all of it is back', async () => {
		const before = await everything();
		await retention();
		await expect(verify(database.sql)).rejects.toThrow(/The log lacks 6 of 6 events of 2026-01, .* npm run cli -- backfill --from 2025-12-31T23:00:00.000Z --to 2026-02-01T00:00:00.000Z/s); // prettier-ignore
		await expect(rebuild(database.sql)).rejects.toThrow('The log lacks 6 of 6 events of 2026-02');
		const [january, february] = await missingMonths(database.sql);
		if (!january || !february) throw new Error('two months have left the log');

		await bringBack(january);
		expect((await missingMonths(database.sql)).map(({ month, restoredEvents }) => [month, restoredEvents])).toEqual([
			// Two at the turn of January lie in an object that has some of it.
			['2026-02', 2]
		]);
		await expect(verify(database.sql)).rejects.toThrow('2026-02');
		await bringBack(february);
		expect(await missingMonths(database.sql)).toEqual([]);
		expect(await everything()).toEqual(before);
		await expectVerified();
		await rebuild(database.sql);
		expect((await everything())['analytics_events']).toEqual(before['analytics_events']);
	});

	test('is named where events of it are missing: with the sessions that it had, and the ranges that touch it', async () => {
		const { ofSession, ofRange } = archived(database.sql);
		expect(await ofSession('s0')).toEqual([]);
		await retention();
		const names = async (asked: ReturnType<typeof ofSession>) => (await asked).map(({ month }) => month);
		expect(await names(ofSession('s0'))).toEqual(['2026-01']);
		expect(await names(ofSession('edge'))).toEqual(['2026-01', '2026-02']);
		for (const whole of ['s2', 'nobody', 'nul\0']) expect(await ofSession(whole)).toEqual([]);
		expect(await names(ofRange({ from: JAN, to: NOW }))).toEqual(['2026-01', '2026-02']);
		expect(await ofRange({ from: Date.UTC(2026, 2, 1), to: NOW })).toEqual([]);
		for (const month of await ofSession('edge')) await bringBack(month);
		expect(await ofSession('edge')).toEqual([]);
	});

	test('is brought back twice without harm, stays a week, and leaves again', async () => {
		await retention();
		const before = await everything();
		const [january] = await missingMonths(database.sql);
		if (!january) throw new Error('January has left the log');
		await bringBack(january);
		await bringBack(january);
		expect(await months()).toMatchObject({ '2026_01': 6 });
		await broughtBack(6);
		expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: 'it was brought back less than 7 days ago' }, { month: '2026-02' }]); // prettier-ignore
		await broughtBack(8);
		expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: null }, { keptBecause: null }]); // prettier-ignore
		expect(await everything()).toEqual(before);
		expect(await missingMonths(database.sql)).toMatchObject([{ events: 6, restoredEvents: 0 }, { events: 6 }]);
	});

	test('takes in an event that is new, counts it, and lacks it when it comes back without it', async () => {
		await retention();
		expect(await commit([event('late', { sessionId: 's0', clientTime: JAN, serverTime: JAN })])).toBe(1);
		expect(await database.sql`select event_count from sessions where session_id = 's0'`).toEqual([{ event_count: 5 }]);
		const [january, february] = await missingMonths(database.sql);
		if (!january || !february) throw new Error('two months have left the log');
		expect(january).toMatchObject({ events: 7, restoredEvents: 1 });
		await bringBack(january);
		await bringBack(february);
		await expectVerified();
	});
});
