/** A backfill from the command line that is killed again and again ends as one that was not. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listJobs } from '../../src/lib/server/archive/backfill-jobs';
import { folderArchive, stateOf, writeOlder } from '../support/archive';
import { testDatabase, type TestDatabase } from '../support/database';
import { slowDown } from '../support/slow';

const RANGE = ['--from', '2024-01-01', '--to', '2025-12-31'];
const KILLS = 10;
const MONTHS = 24;
/** What one note is about ends with a month. */
const OBJECTS_OF_A_MONTH = 55;
/** Of an object. A month has more than fit into one group, so that a kill can come between two of one note. */
const EVENTS = 20;
/** What each group takes at least: ten kills find some work left. */
const GROUP_MS = 100;

/** The time of the nth object of a month. */
const timeOf = (month: number, n: number) => new Date(Date.UTC(2024, month, 9, 8) + n * 7_000).toISOString();

async function database(): Promise<TestDatabase> {
	const made = await testDatabase();
	onTestFinished(() => made.drop());
	return made;
}

function start(url: string, archive: string, args: string[] = []) {
	const child = spawn(process.execPath, ['src/launch.js', 'cli', 'backfill', ...RANGE, ...args], {
		env: { PATH: process.env.PATH, HOME: process.env.HOME, DATABASE_URL: url, ARCHIVE_URL: archive },
		stdio: ['ignore', 'pipe', 'pipe']
	});
	onTestFinished(() => void child.kill('SIGKILL'));
	let said = '';
	for (const stream of [child.stdout, child.stderr])
		stream.setEncoding('utf8').on('data', (text: string) => (said += text));
	return { child, said: () => said, ended: once(child, 'close') as Promise<[number | null]> };
}

async function eventsIn({ sql }: TestDatabase): Promise<number> {
	const [row] = await sql<{ events: number }[]>`select count(*)::int as events from analytics_events`;
	return row?.events ?? 0;
}

describe('a backfill from the command line', () => {
	it('that is killed ten times and begun again restores the same, and so does one that is run twice', async () => {
		const store = await folderArchive();
		const shops = ['a.example', 'b.example', ''];
		for (let n = 0; n < MONTHS * OBJECTS_OF_A_MONTH; n++) {
			const time = timeOf(Math.floor(n / OBJECTS_OF_A_MONTH), n % OBJECTS_OF_A_MONTH);
			const events = Array.from({ length: EVENTS }, (_, at) => ({
				type: ['session_started', 'step_update', 'ai_request', 'error', 'session_ended'][(n + at) % 5],
				sessionId: `s${n % 90}-${at % 4}`,
				shopDomain: shops[(n + at) % 3],
				timestamp: new Date(Date.parse(time) - at).toISOString(),
				data: { n: n - (at % 2), step: 'mask', status: 'completed', requestId: `r${n % 9}`, costUsd: 0.01 * (at % 3) }
			}));
			await writeOlder(store, time, [...events, n % 50 === 0 ? 'no event' : { type: 'ping', data: { n } }]);
		}
		const whole = await database();
		const cut = await database();
		await slowDown(cut.sql, 'insert on commits', GROUP_MS);
		const run = start(whole.url, store.url);
		expect(await run.ended, run.said()).toEqual([0, null]);

		let killed = 0;
		while (killed < KILLS) {
			const before = await eventsIn(cut);
			const { child, ended, said } = start(cut.url, store.url);
			// At the first group that is new: in the middle of what one note is about as likely as at its end.
			const isFurther = async () => (await eventsIn(cut)) > before;
			await expect.poll(isFurther, { timeout: 60_000, interval: 5, message: said() }).toBe(true);
			expect((await listJobs(cut.sql, 1))[0]?.state, 'there is too little to be killed ten times').toBe('running');
			child.kill('SIGKILL');
			await ended;
			killed++;
		}
		const last = start(cut.url, store.url);
		expect(await last.ended, last.said()).toEqual([0, null]);
		expect(await listJobs(cut.sql, 10)).toMatchObject([{ state: 'done', objects: MONTHS * OBJECTS_OF_A_MONTH }]);
		const expected = await stateOf(whole.sql);
		expect(await stateOf(cut.sql)).toEqual(expected);

		const again = start(cut.url, store.url);
		expect(await again.ended, again.said()).toEqual([0, null]);
		expect(again.said()).toMatch(/ 0 new, /);
		expect(await stateOf(cut.sql)).toEqual(expected);
	});

	it('pauses at Ctrl-C, and the same command goes on', async () => {
		const store = await folderArchive();
		for (let n = 0; n < MONTHS * 4; n++) {
			const events = Array.from({ length: 10 }, (_, at) => ({ type: 'ping', shop: 'a', data: { n, at } }));
			await writeOlder(store, timeOf(Math.floor(n / 4), n % 4), events);
		}
		const { url, sql } = await database();
		await slowDown(sql, 'insert on commits', GROUP_MS);
		const first = start(url, store.url);
		await expect.poll(async () => (await listJobs(sql, 1))[0]?.objects ?? 0, { timeout: 60_000, interval: 5 }).toBeGreaterThan(0); // prettier-ignore
		first.child.kill('SIGINT');
		expect(await first.ended).toEqual([130, null]);
		expect(first.said()).toContain('Paused. The same command goes on.');
		expect(await listJobs(sql, 10)).toMatchObject([{ state: 'paused' }]);
		const second = start(url, store.url);
		expect(await second.ended, second.said()).toEqual([0, null]);
		expect(await listJobs(sql, 10)).toMatchObject([{ state: 'done', events: MONTHS * 40, newEvents: expect.any(Number) as number }]); // prettier-ignore
		const [row] = await sql`select count(*)::int as events from analytics_events`;
		expect(row).toEqual({ events: MONTHS * 40 });
	});

	it('says what is wrong with what was asked', async () => {
		const { url } = await database();
		const { ended, said } = start(url, 'file:///nowhere', ['--to', 'soon']);
		expect(await ended).toEqual([1, null]);
		expect(said()).toContain('to must be a time such as');
	});
});
