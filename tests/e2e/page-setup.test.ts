/** The page about product set-ups in a real browser on the real process. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { axeFindings } from '../support/axe';
import { useBrowser } from '../support/browser';
import { post, startRoom } from '../support/room';
import { expectLive, region } from '../support/wall';

const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 50 };
const HOUR = 3_600_000;
const ODD = '<b>bench</b> "🛋️" שלום';

function told(type: string, productId: string | null, hoursAgo: number, data: object = {}): object {
	return {
		type,
		shopDomain: 'a.myshopify.com',
		timestamp: new Date(Date.now() - hoursAgo * HOUR).toISOString(),
		data: { productId, ...data }
	};
}

const SOME = () => [
	told('setup_started', 'done', 50),
	told('image_prepared', 'done', 49, { method: 'auto', processingTimeMs: 2_000 }),
	told('image_prepared', 'done', 49, { method: 'auto', processingTimeMs: 4_000 }),
	told('image_prepared', 'done', 49, { method: 'by hand', processingTimeMs: 'long' }),
	told('setup_completed', 'done', 48),
	told('setup_started', 'left', 30),
	told('setup_abandoned', 'left', 29, { abandonedAt: 'mask' }),
	told('setup_started', 'forgotten', 40),
	told('setup_started', ODD, 2),
	told('setup_abandoned', null, 1)
];

const figure = (page: Page, name: string) =>
	page.locator('.figure').filter({ has: page.getByRole('heading', { name, exact: true }) }).locator('.value'); // prettier-ignore
const products = (page: Page, list = 'Set-ups') =>
	region(page, list)
		.locator('tbody tr')
		.evaluateAll((rows) =>
			rows.map((row) => `${row.querySelector('th span span')?.textContent ?? ''}: ${row.querySelectorAll('td')[1]?.textContent.replace(/\s+/g, ' ').trim()}`)
		); // prettier-ignore

const LISTED = [
	'not named: Abandoned',
	`${ODD}: Under way`,
	'left: Abandoned at Mask',
	'forgotten: Never finished',
	'done: Completed'
];

describe('the page about set-ups', () => {
	it('is empty at first, then shows each set-up as it goes, and every number opens its rows', async () => {
		const { address } = await startRoom();
		const page = await openPage(`${address}/setup?tz=UTC`);
		expect(await page.getByText('No set-ups yet').isVisible()).toBe(true);
		await expectLive(page);
		await post(address, SOME());
		await expect.poll(() => products(page), PATIENCE).toEqual(LISTED);
		const figures = { Begun: '4', Completed: '1', Abandoned: '2', 'Never finished': '1', 'Completion rate': '33.3%', 'Time to completion': '2 h' }; // prettier-ignore
		for (const [name, value] of Object.entries(figures)) expect(await figure(page, name).innerText()).toBe(value);
		const sums = { begun: 4, completed: 1, abandoned: 2, unfinished: 1, timed: 1, images: { images: 3 } };
		expect(await (await fetch(`${address}/api/v1/setups/summary`)).json()).toMatchObject(sums);
		expect(await products(page, 'Begun and never finished')).toEqual(['forgotten: Never finished']);
		expect(await region(page, 'Images prepared').locator('tbody tr').allInnerTexts()).toEqual([
			expect.stringMatching(/^Auto\s+2\s+3.0 s\s+3.9 s$/),
			expect.stringMatching(/^By hand\s+1\s+–\s+–$/)
		]);

		for (const link of ['Begun', 'Completed', 'Abandoned', 'Never finished']) {
			await page.goto(`${address}/setup?tz=UTC`);
			const number = await figure(page, link).innerText();
			await figure(page, link).getByRole('link').click();
			await expect.poll(() => products(page).then((rows) => rows.length), PATIENCE).toBe(Number(number));
		}
		await page.goto(`${address}/setup?tz=UTC`);
		await expectLive(page);
		await post(address, [told('setup_completed', 'forgotten', 0)]);
		await expect.poll(() => figure(page, 'Completed').innerText(), PATIENCE).toBe('2');
		await expect.poll(() => products(page), PATIENCE).toContain('forgotten: Completed');
	});

	it('opens the events of its images: all of them, of one shop, of one method', async () => {
		const { address } = await startRoom();
		await post(address, [...SOME(), { ...told('image_prepared', 'else', 3, { method: ODD }), shopDomain: null }]);
		const page = await openPage('about:blank', { javaScriptEnabled: false });
		for (const [search, images] of [
			['', 4],
			['&shop=a.myshopify.com', 3],
			['&shop=(none)', 1]
		] as const) {
			const setup = `${address}/setup?tz=UTC&from=now-3d${search}`;
			await page.goto(setup);
			const links = await region(page, 'Images prepared').getByRole('link').evaluateAll((all) =>
				all.map((link) => {
					const number = link.closest('tr')?.querySelector('td')?.textContent ?? link.textContent;
					return { href: (link as HTMLAnchorElement).href, number: Number(number) };
				})
			); // prettier-ignore
			expect(links[0]?.number).toBe(images);
			// A method and its number open the same.
			const byMethod = new Map(links.slice(1).map(({ href, number }) => [href, number]));
			expect([...byMethod.values()].reduce((sum, number) => sum + number, 0)).toBe(images);
			for (const { href, number } of links) {
				await page.goto(href);
				expect({ href, rows: await region(page, 'Event log').locator('details').count() }).toEqual({ href, rows: number }); // prettier-ignore
			}
		}
	});

	it('opens from each number of its chart, and from its legend, the set-ups that are counted', async () => {
		const { address } = await startRoom();
		await post(address, SOME());
		// Begun before the range, and heard of in it; begun in it, and heard of later.
		await post(address, [told('setup_started', 'earlier', 130), told('setup_completed', 'earlier', 31)]);
		const [from, to] = [-100, -0.5].map((hours) => new Date(Date.now() + hours * HOUR).toISOString());
		await post(address, [told('setup_started', 'later', 33), told('setup_completed', 'later', 0)]);
		const page = await openPage(`${address}/setup?tz=UTC&from=${from}&to=${to}`, { javaScriptEnabled: false });
		const figureLinks = await page.locator('figure a').evaluateAll((links) =>
			links.map((link) => {
				const place = [...(link.closest('tr')?.children ?? [])].findIndex((cell) => cell.contains(link));
				const name = link.closest('table')?.querySelectorAll('thead th')[place]?.textContent;
				const number = link.closest('td') ? Number(link.textContent) : null;
				return { name: name ?? link.textContent, number, href: (link as HTMLAnchorElement).href };
			})
		);
		const [legend, table] = [figureLinks.filter(({ number }) => number === null), figureLinks.filter(({ number }) => number !== null)];
		expect(legend.map(({ name }) => name)).toEqual(['Begun', 'Completed', 'Abandoned']);
		const sums = new Map(table.map(({ href, number }) => [href, number]));
		expect(legend.map(({ href }) => sums.get(href))).toEqual([4, 2, 2]);
		// Each series has its buckets and their sum.
		expect(table.filter(({ name }) => name === 'Begun').reduce((sum, { number }) => sum + (number ?? 0), 0)).toBe(8);
		for (const { href, number } of table) {
			await page.goto(href);
			expect({ href, rows: await products(page).then((rows) => rows.length) }).toEqual({ href, rows: number });
		}

		const [one] = table.filter(({ href }) => href.includes('begun_in'));
		const live = await openPage(one?.href ?? '');
		const chip = region(live, 'Active filters').or(live.getByRole('list', { name: 'Active filters' })).getByRole('link').first();
		expect(await chip.innerText()).toMatch(/^Begun: \d+ \w+, \d\d:\d\d/);
		// Only the page's script applies what is chosen.
		await expectLive(live);
		await live.getByLabel('Completed', { exact: true }).check();
		await live.waitForURL(/state=completed/);
		expect(live.url()).toContain('begun_in=');
		expect((await fetch(`${address}/setup?begun_in=yesterday`)).status).toBe(400);
	}); // prettier-ignore

	it('is filtered, in the address, the list, the file and the API alike, also without JavaScript', async () => {
		const { address } = await startRoom();
		await post(address, SOME());
		for (const javaScriptEnabled of [true, false]) {
			const page = await openPage(`${address}/setup?tz=UTC&state=abandoned,unfinished`, { javaScriptEnabled });
			expect(await products(page)).toEqual([LISTED[0], LISTED[2], LISTED[3]]);
			expect(await page.locator('main td b, main th b').count()).toBe(0);
			const href = (await page.getByRole('link', { name: 'CSV' }).getAttribute('href')) ?? '';
			const lines = (await (await fetch(address + href)).text()).trimEnd().split('\r\n');
			expect(lines.slice(1).map((line) => line.split(',').slice(1, 4).join(' '))).toEqual([
				' abandoned ',
				'left abandoned mask',
				'forgotten unfinished '
			]);
			const api = await fetch(address + href.replace('format=csv', 'limit=2'));
			expect(await api.json()).toMatchObject({
				rows: [{ productId: '' }, { productId: 'left' }],
				nextCursor: expect.any(String) as unknown
			});
			await region(page, 'Where they were abandoned').getByRole('link', { name: 'Mask' }).click();
			await page.waitForURL(/step=mask/);
			await expect.poll(() => products(page), PATIENCE).toEqual([LISTED[2]]);
			await page.goBack();
			await expect.poll(() => products(page), PATIENCE).toHaveLength(3);
		}
		expect((await fetch(`${address}/setup?begun=maybe`)).status).toBe(400);
		expect((await fetch(`${address}/setup?cursor=nowhere`)).status).toBe(400);
	});

	it('has nothing that axe would find, in light and dark, fits into a hand, and is led by the keyboard', async () => {
		const { address } = await startRoom();
		await post(address, SOME());
		for (const theme of ['light', 'dark']) {
			const page = await openPage(`${address}/setup?tz=UTC&theme=${theme}`, { viewport: { width: 390, height: 844 } });
			await expectLive(page);
			expect(await axeFindings(page)).toEqual([]);
			expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
			// On a phone the filters are folded away.
			await page.getByText('Filters', { exact: true }).press('Enter');
			await page.keyboard.press('/');
			await page.keyboard.type('nobody.example');
			await page.keyboard.press('Enter');
			await page.getByText('No set-ups match').waitFor();
		}
	});
});
