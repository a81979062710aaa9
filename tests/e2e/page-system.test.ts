/** The page about the system, in the real process and a real browser. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { axeFindings } from '../support/axe';
import { useBrowser } from '../support/browser';
import { commitEvents } from '../support/commit';
import { testDatabase } from '../support/database';
import { event } from '../support/events';
import { startProcess } from '../support/process';
import { post, startRoom } from '../support/room';
import { expectLive } from '../support/wall';

const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 50 };

async function looksRight(url: string): Promise<void> {
	for (const colorScheme of ['light', 'dark'] as const) {
		const page = await openPage(url, { colorScheme, viewport: { width: 390, height: 844 } });
		expect(await axeFindings(page)).toEqual([]);
		expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
	}
}

describe('the page about the system', () => {
	it('says what was committed and rejected, as it happens', async () => {
		const { address } = await startRoom();
		const page = await openPage(`${address}/system`);
		await page.getByText('Nothing is open.').waitFor();
		await expectLive(page);
		await post(address, [{ type: 'ping', data: {} }, { a: '<script>alert(1)</script>\u202e' }], 1);
		const rejected = page.getByRole('region', { name: 'Rejected events' });
		await expect.poll(() => rejected.innerText(), PATIENCE).toContain('\\u202e');
		await expect.poll(() => page.getByText('1 event in 1 commit').count(), PATIENCE).toBe(1);
		await rejected.getByRole('button', { name: 'Replay' }).press('Enter');
		await page.getByText('Still not an event: no type.').waitFor();
		await looksRight(`${address}/system`);
	});

	it('says what waits for the archive, what is in it, where that is, and which months of the log wait for it', async () => {
		const database = await testDatabase();
		onTestFinished(() => database.drop());
		const serverTime = Date.now() - 70 * 86_400_000;
		await commitEvents(database.sql, [event('ping', { id: 'old', serverTime })]);
		const { address } = await startProcess({
			DATABASE_URL: database.url,
			PORT: '0',
			ARCHIVE_MAX_AGE_SECONDS: '86400',
			RETENTION_MONTHS: '1'
		});
		const page = await openPage(`${address}/system`);
		await expectLive(page);
		await post(address, [{ type: 'ping' }, { type: 'pong' }]);
		const archive = page.getByRole('region', { name: 'Archive' });
		await expect.poll(() => archive.innerText(), PATIENCE).toMatch(/Not archived yet\s+3\s+2 commits,/);
		expect(await archive.innerText()).toMatch(/shipped to file:\/\/\/.*control-room-archive-/);
		await database.sql`
			insert into archive_objects (first_commit, last_commit, commits, events, bytes, oldest_at, last_error, claimed_until)
			values (0, 0, 1, 5, 7e9, now() - interval '26 hours', 'no such bucket', now() + interval '1 hour')`;
		await post(address, [{ type: 'another' }]);
		await expect.poll(() => archive.innerText(), PATIENCE).toContain('trying again: no such bucket');
		const shown = await archive.innerText();
		expect(shown).toMatch(/Not archived yet\s+9\s+4 commits, 7,000 MB/);
		expect(shown).toMatch(/Oldest of them\s+1 d 2 h/);
		const months = page.getByRole('region', { name: 'Months of the log' });
		const month = new Date(serverTime).toISOString().slice(0, 7);
		await expect
			.poll(() => months.innerText(), PATIENCE)
			.toContain(`${month} stays: the archive did not have all of it yet`);
		await months.getByRole('link', { name: 'above' }).click();
		await page.waitForURL((url) => url.hash === '#archive');
		await looksRight(`${address}/system`);
	});

	it('reads a rejected event once more without JavaScript, and takes no other site’s form', async () => {
		const { address } = await startRoom();
		await post(address, ['no event'], 1);
		const page = await openPage(`${address}/system`, { javaScriptEnabled: false });
		await page.getByRole('button', { name: 'Replay' }).click();
		await page.getByText('Still not an event: not an object.').waitFor();
		const body = new URLSearchParams({ id: 'x' });
		const foreign = await fetch(`${address}/system?/replay`, {
			method: 'POST',
			body,
			headers: { origin: 'https://evil.example' }
		});
		expect(foreign.status).toBe(403);
	});
});
