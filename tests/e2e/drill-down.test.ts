/** Every figure of the wall opens exactly the rows that it counts, and an unattended wall finds its way back. */
import { expect, it, onTestFinished } from 'vitest';
import { useBrowser } from '../support/browser';
import { testDatabase } from '../support/database';
import { startProcess } from '../support/process';
import { visit } from '../support/shop';
import { expectLive, region, shown } from '../support/wall';

const openPage = useBrowser();
const PATIENCE = { timeout: 20_000, interval: 25 };
const ACTIVE = 70;
const ENDED = ['completed', 'completed', 'abandoned', 'error', 'declined'];

it('opens what is behind each of its figures, and the numbers agree', { timeout: 120_000 }, async () => {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
	const active = Array.from({ length: ACTIVE }, () => visit().event('session_started', { productTitle: 'Oslo Sofa' }));
	const events = [
		...active,
		// It started before every range that pages offer, and is in progress all the same.
		{ ...visit().event('session_started'), timestamp: '2019-01-01T00:00:00Z' },
		...ENDED.flatMap((status) => {
			const { event } = visit('casa-verde.myshopify.com');
			return [
				event('session_started'),
				event('ai_request', { requestId: status, status: 'success', costUsd: 0.0825 }),
				event('error', { errorCode: 'E1' }),
				event('session_ended', { status })
			];
		})
	];
	const body = JSON.stringify({ events });
	const answer = await fetch(`${address}/api/analytics/events`, { method: 'POST', body });
	expect(await answer.json()).toMatchObject({ accepted: events.length });

	const page = await openPage(`${address}/?kiosk=1`);
	await expectLive(page);
	// More are active than there are lanes.
	await expect
		.poll(async () => (await shown(page)).figures, PATIENCE)
		.toMatchObject({ 'Active sessions': String(ACTIVE + 1), 'Success rate': '40%' });
	const heading = () => page.getByRole('heading', { level: 2 }).first().innerText();
	const figure = (name: string) =>
		region(page, 'Key figures').locator('div').filter({ has: page.getByRole('term').filter({ hasText: name }) }).getByRole('link');
	const backToTheWall = async () => {
		expect(await page.getByRole('navigation', { name: 'Main' }).count()).toBe(0);
		await page.keyboard.press('Escape');
		await page.waitForURL(`${address}/?kiosk=1`);
		await expectLive(page);
	};

	await figure('Active sessions').click();
	await page.waitForURL('**/sessions?*status=in_progress*');
	await expect.poll(heading, PATIENCE).toBe(`${ACTIVE + 1} sessions`);
	await expectLive(page);
	await backToTheWall();

	const lanes = await region(page, 'Active sessions').getByRole('listitem').getByRole('link').count();
	const more = region(page, 'Active sessions').getByRole('link', { name: /^\+\d+ more$/ });
	expect(await more.innerText()).toBe(`+${ACTIVE + 1 - lanes} more`);
	await more.click();
	await expect.poll(heading, PATIENCE).toBe(`${ACTIVE + 1} sessions`);
	await expectLive(page);
	await backToTheWall();

	await figure('Success rate').click();
	await page.waitForURL('**/sessions?*by=ended*');
	await expect.poll(heading, PATIENCE).toBe(`${ENDED.length} sessions`);
	await expect.poll(() => page.getByRole('rowheader').count(), PATIENCE).toBe(ENDED.length);
	expect(await page.getByRole('row').filter({ hasText: /Completed/ }).count()).toBe(2);

	const wall = `${address}/`;
	const main = () => page.getByRole('main').innerText();
	await page.goto(wall);
	await expectLive(page);
	expect(await figure('AI cost').innerText()).toBe('$0.41');
	await figure('AI cost').click();
	await page.waitForURL('**/costs?from=now-24h');
	await expect.poll(main, PATIENCE).toMatch(/AI cost\s+\$0\.41\s[^]*Exactly \$0\.4125:/);

	await page.goto(wall);
	await expectLive(page);
	expect(await figure('Errors').innerText()).toBe(String(ENDED.length));
	await figure('Errors').click();
	await page.waitForURL('**/errors?from=now-24h');
	await expect.poll(main, PATIENCE).toMatch(new RegExp(`Errors\\s+${ENDED.length}\\s+Error events`));

	await page.goto(wall);
	await expectLive(page);
	expect(await figure('Active shops').innerText()).toBe('2');
	await figure('Active shops').click();
	await page.waitForURL('**/shops?from=now-24h');
	await expect.poll(main, PATIENCE).toMatch(/Active shops\s+2\s+Shops of which/);
}); // prettier-ignore
