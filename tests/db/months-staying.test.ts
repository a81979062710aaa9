/** What is said of months that are older than what is kept and are still there: why, now and as the last look found it. */
import { expect, test } from 'vitest';
import { createJob } from '../../src/lib/server/archive/backfill-jobs';
import { missingMonths } from '../../src/lib/server/db/log-months';
import { retain } from '../../src/lib/server/months/retention';
import { system } from '../../src/lib/server/read/system';
import { DAY, halfDetach, JAN, NOW, useLogOfMonths } from '../support/months';

const { database, fill, ship, broughtBack, retention, bringBack } = useLogOfMonths();

const said = (keep = 8) => system(database.sql, () => NOW).months(keep);
const whys = async (keep?: number) =>
	Object.fromEntries((await said(keep)).staying.map(({ month, why }) => [month, why]));
const restored = (day: number) => database.sql`update log_months set restored_at = ${new Date(NOW - day * DAY)}`;

test('a month is not among them that is kept, nor any where all are', async () => {
	await fill();
	expect(await whys()).toEqual({ '2026-01': null, '2026-02': null });
	expect(await whys(0)).toEqual({});
	expect(await whys(12)).toEqual({});
	expect(await whys(7)).toMatchObject({ '2026-03': null });
});

test('what the archive lacks is said as the last look found it, and when that was', async () => {
	await fill();
	expect((await said()).staying).toEqual([
		{ month: '2026-01', why: null, backfill: null, restoredUntil: null, isLeaving: false, lookedAt: null },
		{ month: '2026-02', why: null, backfill: null, restoredUntil: null, isLeaving: false, lookedAt: null }
	]);
	await retention(true);
	expect(await whys(), 'a dry run notes nothing').toEqual({ '2026-01': null, '2026-02': null });
	const before = Date.now();
	await retention();
	const { staying, left } = await said();
	expect(staying.map(({ why }) => why)).toEqual(['unarchived', 'unarchived']);
	for (const { lookedAt } of staying) expect(lookedAt).toBeGreaterThanOrEqual(before);
	expect(left).toEqual([]);
	await ship();
	await retention();
	expect(await said()).toMatchObject({ staying: [], left: ['2026-01', '2026-02'] });
	expect(await database.sql`select from old_months`).toHaveLength(0);
});

test('what is seen at a glance is said as it is now: a backfill, an erasure, and a week after it was brought back', async () => {
	await fill();
	await ship();
	const { id } = await createJob(database.sql, { from: JAN, to: JAN + DAY, prefix: '', dryRun: false });
	expect((await said()).staying).toMatchObject([
		{ why: 'backfill', backfill: id },
		{ why: null, backfill: null }
	]);
	await retention();
	await database.sql`update backfill_jobs set state = 'cancelled'`;
	expect(await said()).toMatchObject({ staying: [{ month: '2026-01', why: null }], left: ['2026-02'] });

	await database.sql`
		insert into erasures (kind, subject, subject_hash, requested_by)
		values ('session', '{}', ${Buffer.from('x')}, 'a test')`;
	expect(await whys()).toEqual({ '2026-01': 'erasure' });
	expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: 'an erasure is not finished' }]);
	await database.sql`update erasures set finished_at = now()`;
	expect(await retention()).toMatchObject([{ month: '2026-01', keptBecause: null }]);

	const [january] = await missingMonths(database.sql);
	if (!january) throw new Error('January has left the log');
	await bringBack(january);
	await broughtBack(6);
	expect((await said()).staying).toMatchObject([{ month: '2026-01', why: 'restored', restoredUntil: NOW + DAY }, {}]);
	await restored(8);
	expect(await whys()).toMatchObject({ '2026-01': null });
});

test('a month whose leaving was interrupted is said to be leaving, and none is remembered when more is kept', async () => {
	await fill();
	await retention();
	expect(await database.sql`select from old_months`).toHaveLength(2);
	await halfDetach(database, 'analytics_events_2026_02');
	expect((await said()).staying.map(({ isLeaving }) => isLeaving)).toEqual([false, true]);
	await retain(database.url, { keepMonths: 0, now: NOW, dryRun: false });
	expect(await database.sql`select from old_months`).toHaveLength(0);
	expect((await said()).staying.map(({ why, isLeaving }) => [why, isLeaving])).toEqual([[null, false], [null, false]]); // prettier-ignore
});
