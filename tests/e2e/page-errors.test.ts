/** The pages about errors in a real browser on the real process: groups, single errors, one group, and what is said of it. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { axeFindings } from '../support/axe';
import { useBrowser } from '../support/browser';
import { post, startRoom } from '../support/room';
import { expectLive, region, shown } from '../support/wall';

const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 50 };
const SHOP = 'a.myshopify.com';
const MARKUP = '<img src=x onerror=alert(1)> "🛋️" שלום ';

interface Told {
	code?: string | null;
	message?: string | null;
	severity?: string;
	step?: string;
	session?: string | null;
	shop?: string | null;
	device?: string;
	secondsAgo?: number;
	stack?: string;
}

function anError(told: Told = {}): object {
	const { code = 'AI_TIMEOUT', message = null, severity, step, session = 's1', shop = SHOP, device = 'mobile', secondsAgo = 60, stack } = told; // prettier-ignore
	return {
		type: 'error',
		...(session === null ? {} : { sessionId: session }),
		...(shop === null ? {} : { shopDomain: shop }),
		timestamp: new Date(Date.now() - secondsAgo * 1000).toISOString(),
		data: { errorCode: code, errorMessage: message, severity, step, stack },
		deviceContext: { deviceType: device, os: 'iOS', browser: 'Safari' }
	};
}

const SOME = () => [
	...[7, 12, 31].map((seconds, n) =>
		anError({ message: `Gave up after ${seconds} s`, session: `s${n}`, severity: 'critical', step: 'inpaint', secondsAgo: seconds })
	),
	anError({ code: 'MASK_EMPTY', message: 'Nothing selected', severity: 'warning', step: 'mask', device: 'desktop', stack: 'Error: at mask.js:1', secondsAgo: 90 }),
	anError({ code: null, message: null, session: null, shop: null, secondsAgo: 120 }),
	anError({ code: 'ODD', message: MARKUP.repeat(40), severity: 'purple', step: 'lighting', session: 'weird/id ?#', secondsAgo: 150 })
]; // prettier-ignore

/** "AI_TIMEOUT Open 3": what the rows of the groups say. */
const groups = (page: Page) =>
	region(page, 'Groups')
		.locator('tbody tr')
		.evaluateAll((rows) =>
			rows.map((row) => {
				const cell = (index: number) => row.querySelectorAll('td')[index]?.textContent.trim();
				return `${row.querySelector('th a')?.textContent.trim()} ${cell(0)} ${cell(2)}`;
			})
		);
const codes = (page: Page) =>
	region(page, 'Single errors')
		.locator('tbody th a')
		.evaluateAll((links) => links.map((link) => link.textContent.trim()));
const figure = (page: Page, name: string) =>
	page.locator('.figure').filter({ has: page.getByRole('heading', { name, exact: true }) }).locator('.value'); // prettier-ignore

describe('the pages about errors', () => {
	it('are empty at first, then show each error as it happens, as many as the wall counts', async () => {
		const { address } = await startRoom();
		const page = await openPage(`${address}/errors?tz=UTC`);
		expect(await page.getByText('No errors yet').isVisible()).toBe(true);
		await expectLive(page);
		await post(address, SOME());
		await expect
			.poll(() => groups(page), PATIENCE)
			.toEqual(['AI_TIMEOUT Open 3', expect.any(String), expect.any(String), expect.any(String)]);
		expect(await figure(page, 'Errors').innerText()).toBe('6');
		expect(await figure(page, 'Shops affected').innerText()).toBe('1');
		const sums = (await (await fetch(`${address}/api/v1/errors/summary`)).json()) as { severities: { severity: string; errors: number[] }[] }; // prettier-ignore
		expect(sums).toMatchObject({ errors: 6, groups: 4, shops: 1, byShop: [{ value: SHOP, errors: 5 }, { value: '', errors: 1 }] }); // prettier-ignore
		expect(sums.severities[0]?.errors.reduce((sum, one) => sum + one)).toBe(3);
		const refused = (await (await fetch(`${address}/api/v1/errors/summary?os=iOS`)).json()) as {
			error: { message: string };
		};
		expect(refused.error.message).toContain('by os');

		const wall = await openPage(address);
		await expect.poll(async () => (await shown(wall)).figures['Errors'], PATIENCE).toBe('6');
		await figure(page, 'Errors').getByRole('link').click();
		await expect.poll(() => codes(page), PATIENCE).toHaveLength(6);
		expect((await codes(page)).slice(0, 3)).toEqual(['AI_TIMEOUT', 'AI_TIMEOUT', 'AI_TIMEOUT']);
		expect(await region(page, 'Single errors').getByText('of 6 errors').isVisible()).toBe(true);

		// What comes while the list is read waits above it.
		await expectLive(page);
		await post(address, [anError({ code: 'LATER', secondsAgo: 0 })]);
		await page.getByRole('button', { name: 'Show 1 new error' }).click();
		await expect.poll(async () => (await codes(page))[0], PATIENCE).toBe('LATER');
		await expect.poll(() => figure(page, 'Errors').innerText(), PATIENCE).toBe('7');
	});

	it('are filtered, in the address, the list, the file and the API alike, and Back goes back', async () => {
		const { address } = await startRoom();
		await post(address, SOME());
		const page = await openPage(`${address}/errors?tz=UTC&from=now-7d`);
		await expectLive(page);
		await page.getByLabel('Critical').check();
		await expect.poll(() => groups(page), PATIENCE).toEqual(['AI_TIMEOUT Open 3']);
		expect(new URL(page.url()).searchParams.get('severity')).toBe('critical');
		await page.goBack();
		await expect.poll(() => groups(page), PATIENCE).toHaveLength(4);
		await page.keyboard.press('/');
		await page.keyboard.type('nothing SEL');
		await page.keyboard.press('Enter');
		await expect.poll(() => groups(page), PATIENCE).toEqual(['MASK_EMPTY Open 1']);

		for (const query of ['step=mask,(none)', 'shop=(none)', 'q=gave up after', 'state=open&severity=purple,warning']) {
			await page.goto(`${address}/errors?tz=UTC&from=now-7d&${query}`);
			const href = (await page.getByRole('link', { name: 'CSV' }).getAttribute('href')) ?? '';
			const answer = await fetch(address + href.replace('format=csv', 'format=json'));
			const api = (await answer.json()) as { rows: { code: string | null; errors: number }[]; count: number };
			const rows = api.rows.map(({ code, errors }) => `${code ?? 'No code'} Open ${errors}`);
			expect(await groups(page)).toEqual(rows);
			const lines = (await (await fetch(address + href)).text()).trimEnd().split('\r\n');
			expect(lines).toHaveLength(api.count + 1);
			const total = api.rows.reduce((all, { errors }) => all + errors, 0);
			expect(await figure(page, 'Errors').innerText()).toBe(String(total));
			await page.getByRole('link', { name: 'Single errors' }).click();
			await expect.poll(() => codes(page), PATIENCE).toHaveLength(total);
		}

		// Each number of a row opens what it counts.
		await page.goto(`${address}/errors?tz=UTC&from=now-7d`);
		await region(page, 'Groups').getByRole('link', { name: '3', exact: true }).first().click();
		await expect.poll(() => codes(page), PATIENCE).toEqual(['AI_TIMEOUT', 'AI_TIMEOUT', 'AI_TIMEOUT']);
		expect((await fetch(`${address}/errors?from=yesterday`)).status).toBe(400);
		expect((await fetch(`${address}/errors?sort=luck`)).status).toBe(400);
		expect((await fetch(`${address}/errors/${'0'.repeat(32)}`)).status).toBe(404);
	});

	it('open from each figure the very rows that it counts, whatever is filtered', async () => {
		const { address } = await startRoom();
		await post(address, SOME());
		const page = await openPage(`${address}/errors?tz=UTC&severity=critical`);
		await expectLive(page);
		const groupLink = region(page, 'Groups').getByRole('link', { name: 'AI_TIMEOUT', exact: true });
		const [group] = /[0-9a-f]{32}/.exec((await groupLink.getAttribute('href')) ?? '') ?? [];
		await page.goto(`${address}/errors?tz=UTC&group=${group}`);
		await expectLive(page);
		expect(await groups(page)).toEqual(['AI_TIMEOUT Open 3']);
		for (const name of ['Errors', 'Groups', 'Shops affected']) {
			expect([name, await figure(page, name).innerText()]).toEqual([name, name === 'Errors' ? '3' : '1']);
		}
		expect(await figure(page, 'Sessions affected').innerText()).toBe('3');
		await figure(page, 'Sessions affected').getByRole('link').click();
		await page.getByRole('heading', { name: '3 sessions' }).waitFor();
		await page.goBack();
		await expectLive(page);
		await groupLink.click();
		await page.waitForURL(/errors\/[0-9a-f]{32}/);
		await region(page, 'Sessions').getByRole('link', { name: /All that it hit/ }).click();
		await page.getByRole('heading', { name: '3 sessions' }).waitFor();

		// What is counted by no tally is shown one by one.
		await page.goto(`${address}/errors?tz=UTC&device=desktop`);
		expect(new URL(page.url()).searchParams.get('view')).toBe('list');
		expect(await codes(page)).toEqual(['MASK_EMPTY']);
		expect((await fetch(`${address}/api/v1/errors?device=desktop`)).status).toBe(400);
	}); // prettier-ignore

	it('take what people say of a group, by name, and say when it comes back', async () => {
		const { address } = await startRoom();
		await post(address, SOME());
		const [list, wall, page] = await Promise.all([
			openPage(`${address}/errors?tz=UTC`),
			openPage(address),
			openPage(`${address}/errors?tz=UTC`)
		]);
		await Promise.all([expectLive(list), expectLive(wall), expectLive(page)]);
		// The way of a keyboard.
		await page.getByRole('link', { name: 'AI_TIMEOUT', exact: true }).focus();
		await page.keyboard.press('Enter');
		await page.waitForURL(/errors\/[0-9a-f]{32}/);
		const state = region(page, 'State');
		await page.getByLabel('Your name').fill('Ann <b>');
		await page.keyboard.press('Tab');
		await page.keyboard.press('Enter');
		await expect
			.poll(() => state.innerText(), PATIENCE)
			.toMatch(/Acknowledged[^]*acknowledged (now|[^]{1,12} ago) by Ann <b>/);
		await expect.poll(async () => (await groups(list))[0], PATIENCE).toBe('AI_TIMEOUT Acknowledged 3');
		await page.getByRole('button', { name: 'Resolve' }).click();
		await expect.poll(() => state.innerText(), PATIENCE).toMatch(/Resolved[^]*by Ann <b>/);
		await expect.poll(async () => (await groups(list))[0], PATIENCE).toBe('AI_TIMEOUT Resolved 3');

		await post(address, [
			anError({ message: 'Gave up after 99 s', severity: 'critical', session: 'back', secondsAgo: 0 })
		]);
		await expect.poll(() => state.innerText(), PATIENCE).toMatch(/Came back/);
		await expect.poll(async () => (await groups(list))[0], PATIENCE).toMatch(/AI_TIMEOUT Came back/);
		await expect
			.poll(() => region(wall, 'Latest errors').getByRole('listitem').first().innerText(), PATIENCE)
			.toMatch(/AI_TIMEOUT[^]*Gave up after 99 s/);

		await page.reload();
		expect(await page.getByLabel('Your name').inputValue()).toBe('Ann <b>');
		await page.getByRole('button', { name: 'Reopen' }).click();
		await expect
			.poll(() => region(page, 'What was said of it').getByRole('listitem').allInnerTexts(), PATIENCE)
			.toEqual(
				[/^Reopened by Ann/, /^Resolved by Ann/, /^Acknowledged by Ann/].map((said): unknown =>
					expect.stringMatching(said)
				)
			);
		expect(await state.innerText()).toMatch(/Open/);

		// Another site's form is not taken.
		const forged = await fetch(`${page.url().split('?')[0]}?/resolve`, {
			method: 'POST',
			headers: { origin: 'https://elsewhere.example' },
			body: new URLSearchParams({ by: 'Eve' })
		});
		expect(forged.status).toBe(403);
	});

	it('work without JavaScript, forms too, and show hostile texts as texts', async () => {
		const { address } = await startRoom();
		await post(address, SOME());
		const page = await openPage(`${address}/errors?tz=UTC&from=now-7d&sort=seen`, { javaScriptEnabled: false });
		expect(await groups(page)).toEqual(['AI_TIMEOUT Open 3', 'MASK_EMPTY Open 1', 'No code Open 1', 'ODD Open 1']);
		expect(await page.locator('main img').count()).toBe(0);
		await page.getByRole('link', { name: 'MASK_EMPTY', exact: true }).click();
		await page.waitForURL(/errors\/[0-9a-f]{32}/);
		expect(new URL(page.url()).searchParams.get('from')).toBe('now-7d');
		expect(await figure(page, 'Errors').innerText()).toBe('1');
		await region(page, 'Latest errors').getByText('Stack trace').click();
		await region(page, 'Latest errors').getByText('Error: at mask.js:1').waitFor();
		await page.getByRole('button', { name: 'Resolve' }).click();
		await expect.poll(() => region(page, 'State').innerText(), PATIENCE).toMatch(/Resolved[^]*by somebody/);
		expect(new URL(page.url()).searchParams.get('from')).toBe('now-7d');
		await region(page, 'Devices').getByRole('link', { name: 'Desktop' }).click();
		await expect.poll(() => codes(page), PATIENCE).toEqual(['MASK_EMPTY']);
		await page.goBack();
		await region(page, 'Sessions').getByRole('link', { name: 's1' }).click();
		await page.waitForURL((url) => url.pathname === '/sessions/s1');
		await page.getByRole('link', { name: 'Back to the list' }).waitFor();
	});

	it('have nothing that axe would find, in light and dark, and fit into a hand', async () => {
		const { address } = await startRoom();
		await post(address, SOME());
		for (const theme of ['light', 'dark']) {
			const page = await openPage(`${address}/errors?tz=UTC&theme=${theme}`, { viewport: { width: 390, height: 844 } });
			const fits = async () => {
				await expectLive(page);
				expect(await axeFindings(page)).toEqual([]);
				expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
			};
			await fits();
			await page.getByRole('link', { name: 'Single errors' }).click();
			await page.waitForURL(/view=list/);
			await fits();
			await region(page, 'Single errors').getByRole('link', { name: 'ODD' }).click();
			await page.waitForURL(/errors\/[0-9a-f]{32}/);
			await fits();
		}
	});
});
