/** A month leaves the log and comes back, as an operator sees it: the command line, the pages, and what they answer. */
import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { monthAfter } from '../../src/lib/server/commit/months';
import { commitEvents } from '../support/commit';
import { testDatabase } from '../support/database';
import { event } from '../support/events';
import { startProcess, temporaryFolder } from '../support/process';

const DAY = 86_400_000;

async function cli(args: string[], env: NodeJS.ProcessEnv): Promise<{ code: number | null; said: string }> {
	const child = spawn(process.execPath, ['src/launch.js', 'cli', ...args], {
		env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
		stdio: ['ignore', 'pipe', 'pipe']
	});
	let said = '';
	for (const stream of [child.stdout, child.stderr])
		stream.setEncoding('utf8').on('data', (text: string) => (said += text));
	const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
	return { code, said };
}

it('a month leaves the log, its session says where its events are, and a form brings them back', async () => {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	// The middle of the month before the last one: its events are all of one month.
	const then = monthAfter(Date.now(), -2) + 14 * DAY;
	const month = new Date(then).toISOString().slice(0, 7);
	const at = (minutes: number) => ({ sessionId: 'old', clientTime: then + minutes * 60_000, serverTime: then + minutes * 60_000 }); // prettier-ignore
	await commitEvents(database.sql, [
		event('session_started', at(0)),
		event('room_uploaded', at(1)),
		event('session_ended', { ...at(2), data: { status: 'completed' } })
	]);
	const env = {
		DATABASE_URL: database.url,
		ARCHIVE_URL: pathToFileURL(await temporaryFolder()).href,
		ARCHIVE_MAX_AGE_SECONDS: '0',
		RETENTION_MONTHS: '0',
		PORT: '0'
	};
	const running = await startProcess(env);
	const shipped = () => database.sql`select from archive_objects where state = 'shipped'`;
	await expect.poll(shipped).toHaveLength(1);
	const kept = { ...env, RETENTION_MONTHS: '1' };

	expect((await cli(['retention'], env)).said).toContain('RETENTION_MONTHS is 0: all months are kept.');
	expect(await cli(['retention', '--dry-run'], kept)).toEqual({ code: 0, said: `${month} would be dropped: the archive has it.\n` }); // prettier-ignore
	const page = async (path: string) => (await fetch(`${running.address}${path}`)).text();
	expect(await page('/sessions/old')).not.toContain('have left the log');
	const dropped = await cli(['retention'], kept);
	expect(dropped).toMatchObject({ code: 0, said: expect.stringMatching(new RegExp(`^${month} was dropped in [0-9.]+ s, of which it waited [0-9.]+ s for others: the archive has it.\n$`)) as unknown }); // prettier-ignore

	const verified = await cli(['verify'], env);
	expect(verified).toMatchObject({ code: 2, said: expect.stringContaining(`The log lacks 3 of 3 events of ${month}`) as unknown }); // prettier-ignore
	expect((await cli(['rebuild'], env)).code).toBe(2);
	const shown = await page('/sessions/old');
	expect(shown).toContain('have left the log');
	expect(await page(`/analytics?from=${month}-01&to=now`)).toContain('have left the log');

	const hidden = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(shown)?.[1] ?? '';
	const asked = await fetch(`${running.address}/backfill?/start`, {
		method: 'POST',
		headers: { origin: running.address, 'content-type': 'application/x-www-form-urlencoded' },
		body: new URLSearchParams({ from: hidden('from'), to: hidden('to') })
	});
	expect(asked.status).toBe(200);
	const jobs = () =>
		database.sql<{ state: string; events: string }[]>`select state, new_events as events from backfill_jobs`;
	await expect.poll(jobs).toEqual([{ state: 'done', events: '3' }]);
	expect(await page('/sessions/old')).not.toContain('have left the log');
	expect((await cli(['verify'], env)).code).toBe(0);
	expect(await cli(['retention'], kept)).toEqual({ code: 0, said: `${month} stays: it was brought back less than 7 days ago.\n` }); // prettier-ignore
});
