/** The page about the archive, in the real process and a real browser; and who may start what there. */
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { takeTurn } from '../../src/lib/server/archive/backfill-turn';
import { BucketStore } from '../../src/lib/server/archive/gcs';
import { axeFindings } from '../support/axe';
import { useBrowser } from '../support/browser';
import { folderArchive, writeObject, writeOlder } from '../support/archive';
import { testDatabase } from '../support/database';
import { startFakeBucket } from '../support/fake-gcs';
import { startProcess } from '../support/process';
import { expectLive } from '../support/wall';

const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 50 };

async function start(settings: NodeJS.ProcessEnv = {}) {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const store = await folderArchive();
	for (let n = 0; n < 40; n++) {
		const time = new Date(Date.parse('2026-01-09T11:00:00Z') + n * 1000).toISOString();
		await writeOlder(store, time, [{ type: 'ping', shop: 'a.example', data: { n } }]);
	}
	const bad = await writeObject(store, '2026-01-09T12:00:00.000Z', '{"serverTimestamp":<script>alert(1)</script>');
	const { address } = await startProcess({
		DATABASE_URL: database.url,
		PORT: '0',
		ARCHIVE_URL: store.url,
		...settings
	});
	return { address, database, bad };
}

async function ask(page: Page, from: string, to: string): Promise<void> {
	await page.getByLabel(/^From/).fill(from);
	await page.getByLabel(/^To /).fill(to);
	await page.getByRole('button', { name: 'Start' }).click();
}

describe('the page about the archive', () => {
	it('starts a run, shows how far it is without a reload, and what was damaged', async () => {
		const { address, database, bad } = await start();
		const page = await openPage(`${address}/backfill`);
		await page.getByText('Nothing has been asked for yet.').waitFor();
		await expectLive(page);
		await ask(page, '2026-01-09', '2026-01-09');
		await page.getByText('Job 1 is asked for.').waitFor();
		const job = page.getByRole('article', { name: 'Job 1, dry run' });
		await job.getByText('Done', { exact: true }).waitFor();
		expect(await job.innerText()).toMatch(
			/41 of 41 objects, 100%[\s\S]*40 events: 40 would be new, 0 known, 0 rejected, 1 damaged/
		);
		await job.getByText('Which are damaged, and why').click();
		expect(await job.innerText()).toContain(bad);
		expect(await database.sql`select from analytics_events`).toHaveLength(0);

		// Another way in: the open page hears of it.
		const asked = await fetch(`${address}/api/backfill`, {
			method: 'POST',
			body: JSON.stringify({ from: '2026-01-09T11:00:10Z', to: '2026-01-09T11:00:20Z' }),
			headers: { 'content-type': 'application/json' }
		});
		expect(asked.status).toBe(202);
		const second = page.getByRole('article', { name: 'Job 2' });
		await expect.poll(() => second.innerText(), PATIENCE).toMatch(/Done[\s\S]*10 events: 10 new/);
		expect(await database.sql`select from analytics_events`).toHaveLength(10);
		for (const colorScheme of ['light', 'dark'] as const) {
			const looked = await openPage(`${address}/backfill`, { colorScheme, viewport: { width: 390, height: 844 } });
			expect(await axeFindings(looked)).toEqual([]);
			expect(await looked.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
		}
	});

	it('shows rate and time left while a run goes on, which is paused, gone on with and cancelled there', async () => {
		const fake = await startFakeBucket();
		onTestFinished(() => fake.close());
		const store = new BucketStore({ kind: 'bucket', bucket: 'events', prefix: '', endpoint: fake.endpoint, credentials: undefined, keyFile: undefined }); // prettier-ignore
		// How far it is, is noted at the end of each month at the latest.
		const times = Array.from({ length: 40 * 24 }, (_, n) =>
			new Date(Date.UTC(2023, n / 24, 9, 11, n % 24)).toISOString()
		);
		await Promise.all(
			times.map((time) => writeOlder(store, time, [{ type: 'ping', shop: 'a.example', data: { time } }]))
		);
		fake.fail = ({ method, name }) => (method === 'GET' && name !== null ? 'slow' : null);
		const { address } = await start({ ARCHIVE_URL: 'gs://events', ARCHIVE_ENDPOINT: fake.endpoint });
		const page = await openPage(`${address}/backfill`);
		await expectLive(page);
		await page.getByLabel('Dry run').uncheck();
		await ask(page, '2023-01-01', '2026-12-31');
		const job = page.getByRole('article', { name: 'Job 1' });
		const isRunning = /Running[^]* of 960 objects, \d+%[^]*\d events\/s, about \S+ \S+ left/;
		await expect.poll(() => job.innerText(), PATIENCE).toMatch(isRunning);
		const done = async () => Number(/(\d+) of 960 objects/.exec(await job.innerText())?.[1]);
		const first = await done();
		await expect.poll(done, PATIENCE).toBeGreaterThan(first);
		await job.getByRole('button', { name: 'Pause' }).click();
		await job.getByText('Paused', { exact: true }).waitFor();
		const paused = await done();
		expect(paused).toBeLessThan(960);
		await job.getByRole('button', { name: 'Resume' }).click();
		await expect.poll(() => job.innerText(), PATIENCE).toMatch(isRunning);
		await expect.poll(done, PATIENCE).toBeGreaterThan(paused);
		await job.getByRole('button', { name: 'Cancel' }).click();
		await job.getByText('Cancelled', { exact: true }).waitFor();
		expect(await job.getByRole('button').count()).toBe(0);
	});

	it('works without JavaScript: says what is wrong, and steers', async () => {
		const { address, database } = await start();
		// Nothing begins meanwhile.
		const turn = await takeTurn(database.url);
		onTestFinished(() => turn?.release());
		const page = await openPage(`${address}/backfill`, { javaScriptEnabled: false });
		await ask(page, 'soon', '2026-01-09');
		await page.getByText('from must be a time such as').waitFor();
		expect(await page.getByLabel(/^From/).inputValue()).toBe('soon');
		await ask(page, '2026-01-09', '2026-01-09');
		const job = page.getByRole('article', { name: 'Job 1' });
		await job.getByText('Waiting').waitFor();
		await job.getByRole('button', { name: 'Pause' }).click();
		await job.getByText('Paused').waitFor();
		await job.getByRole('button', { name: 'Cancel' }).click();
		await job.getByText('Cancelled').waitFor();
	});

	it('takes nothing from a page of another site, nor from elsewhere', async () => {
		const { address } = await start();
		const post = (path: string, headers: Record<string, string>, body: string) =>
			fetch(address + path, { method: 'POST', headers, body }).then(({ status }) => status);
		const json = { 'content-type': 'application/json' };
		const wish = JSON.stringify({ from: '2026-01-09', to: '2026-01-09' });
		expect(await post('/api/backfill', { ...json, origin: 'https://evil.example' }, wish)).toBe(403);
		// Behind a proxy that nobody has named, everybody is a stranger.
		expect(await post('/api/backfill', { ...json, 'x-forwarded-for': '192.0.2.1' }, wish)).toBe(401);
		expect(await post('/api/backfill', { 'content-type': 'text/plain' }, wish)).toBe(415);
		const form = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' };
		expect(await post('/backfill?/start', form, 'from=2026-01-09&to=2026-01-09')).toBe(403);
		const jobs = (await (await fetch(`${address}/api/backfill`)).json()) as { jobs: unknown[] };
		expect(jobs).toEqual({ jobs: [] });
	});
});
