/** The page about the system, in the real process and a real browser. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { useBrowser } from '../support/browser';
import { testDatabase } from '../support/database';
import { startProcess } from '../support/process';
import { expectLive } from '../support/wall';

const openPage = useBrowser();
const PATIENCE = { timeout: 20_000, interval: 50 };

async function start(): Promise<string> {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	return (await startProcess({ DATABASE_URL: database.url, PORT: '0' })).address;
}

async function post(address: string, events: unknown[]): Promise<void> {
	const answer = await fetch(`${address}/api/analytics/events`, { method: 'POST', body: JSON.stringify({ events }) });
	expect(answer.status).toBe(200);
}

async function faults(page: Page): Promise<string[]> {
	await page.evaluate(axe.source);
	const { violations } = await page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
	return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

async function looksRight(url: string): Promise<void> {
	for (const colorScheme of ['light', 'dark'] as const) {
		const page = await openPage(url, { colorScheme, viewport: { width: 390, height: 844 } });
		expect(await faults(page)).toEqual([]);
		expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
	}
}

describe('the page about the system', { timeout: 120_000 }, () => {
	it('says what was committed and rejected, as it happens', async () => {
		const address = await start();
		const page = await openPage(`${address}/system`);
		await page.getByText('Nothing is open.').waitFor();
		await expectLive(page);
		await post(address, [{ type: 'ping', data: {} }, { a: '<script>alert(1)</script>\u202e' }]);
		const rejected = page.getByRole('region', { name: 'Rejected events' });
		await expect.poll(() => rejected.innerText(), PATIENCE).toContain('\\u202e');
		await expect.poll(() => page.getByText('1 events in 1 commits').count(), PATIENCE).toBe(1);
		await rejected.getByRole('button', { name: 'Replay' }).press('Enter');
		await page.getByText('Still not an event: no type.').waitFor();
		await looksRight(`${address}/system`);
	});

	it('reads a rejected event once more without JavaScript, and takes no other site’s form', async () => {
		const address = await start();
		await post(address, ['no event']);
		const page = await openPage(`${address}/system`, { javaScriptEnabled: false });
		await page.getByRole('button', { name: 'Replay' }).click();
		expect(await page.getByText('Still not an event: not an object.').count()).toBe(1);
		const body = new URLSearchParams({ id: 'x' });
		const foreign = await fetch(`${address}/system?/replay`, {
			method: 'POST',
			body,
			headers: { origin: 'https://evil.example' }
		});
		expect(foreign.status).toBe(403);
	});
});
