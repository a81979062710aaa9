/** The pages about costs and prices in a real browser on the real process: what they say, live, filtered, and by form. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { axeFindings } from '../support/axe';
import { useBrowser } from '../support/browser';
import { post, startRoom } from '../support/room';
import { expectLive, region } from '../support/wall';

const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 50 };

let number = 0;
/** An AI request of a session of its own, a minute ago, with what is said of it. */
function asked(data: object, shopDomain = 'a.myshopify.com', minutesAgo = 1) {
	const id = ++number;
	const timestamp = new Date(Date.now() - minutesAgo * 60_000).toISOString();
	return {
		type: 'ai_request', sessionId: `s${id}`, shopDomain, timestamp,
		data: { requestId: `r${id}`, provider: 'fal', model: 'flux', operation: 'inpaint', step: 'inpaint', status: 'success', ...data }
	}; // prettier-ignore
}
const MARKUP = '<img src=x onerror="alert(1)">';
const ODD = 'שלום 🛋️ '.repeat(12);

const EVENTS = () => [
	asked({ costUsd: '0.1' }),
	asked({ costUsd: '0.2' }),
	asked({ costUsd: '0.04', provider: 'replicate', model: MARKUP, status: 'failed' }, 'b.myshopify.com'),
	asked({ costUsd: '0.0000005', isRegeneration: true, regenerationReason: 'user_requested', provider: ODD }),
	asked({ costUsd: null }),
	asked({ costUsd: null, provider: 'replicate', model: null })
];

/** The value of a key figure. */
const figure = (page: Page, label: string | RegExp) =>
	region(page, 'Measured').locator('.figure').filter({ has: page.getByRole('heading', { name: label }) }).locator('.value'); // prettier-ignore

describe('the page about costs', () => {
	it('says what an empty one is missing, then fills by itself, exactly', async () => {
		const { address } = await startRoom();
		const page = await openPage(`${address}/costs?tz=UTC`);
		expect(await page.getByText('No AI requests yet').isVisible()).toBe(true);
		await expectLive(page);
		await post(address, EVENTS());
		await expect.poll(() => figure(page, 'AI cost').innerText(), PATIENCE).toBe('$0.34');

		await post(address, [asked({ costUsd: '0.1' })]);
		await expect.poll(() => figure(page, 'AI cost').innerText(), PATIENCE).toBe('$0.44');
		const wall = await openPage(address);
		await expect
			.poll(() => region(wall, 'Key figures').getByText('$0.44').count(), PATIENCE)
			.toBeGreaterThan(0);
	}); // prettier-ignore

	it('splits, filters and exports the same rows, and shows odd words as text', async () => {
		const { address } = await startRoom();
		await post(address, EVENTS());
		const page = await openPage(`${address}/costs?tz=UTC`);
		await expectLive(page);
		expect(await page.locator('main img').count()).toBe(0);
		expect(await axeFindings(page)).toEqual([]);

		await region(page, 'By provider').getByRole('link', { name: 'replicate' }).click();
		await page.waitForURL(/provider=replicate/);
		await expect.poll(() => figure(page, 'AI cost').innerText(), PATIENCE).toBe('$0.04');
		const query = new URL(page.url()).search;
		const answer = (await (await fetch(`${address}/api/v1/costs${query}`)).json()) as { total: { cost: string; requests: number } }; // prettier-ignore
		expect(answer.total).toMatchObject({ cost: '0.04', requests: 2 });
		const href = (await page.getByRole('link', { name: 'CSV' }).getAttribute('href')) ?? '';
		const lines = (await (await fetch(address + href)).text()).trim().split('\r\n');
		expect(lines.slice(1).map((line) => line.split(',').slice(-3).join(','))).toEqual(
			expect.arrayContaining(['0.04,0,0'])
		);
		expect(lines).toHaveLength(3);

		await page.goBack();
		await expect.poll(() => figure(page, 'AI cost').innerText(), PATIENCE).toBe('$0.34');

		await page.goto(`${address}/costs?tz=UTC&status=failed&from=now-24h`);
		expect(await figure(page, 'AI cost').innerText()).toBe('$0.04');
		expect((await fetch(`${address}/costs?from=yesterday`)).status).toBe(400);
	});

	it.each([1440, 390])('writes the amounts of a column alike, below each other, at %i', async (width) => {
		const { address } = await startRoom();
		await post(address, [...EVENTS(), asked({ costUsd: '1234.5', provider: 'a provider with a long name', model: 'dear' })]);
		const page = await openPage('about:blank', { viewport: { width, height: 900 } });
		let [columns, nothings] = [0, 0];
		for (const path of ['/costs', '/costs/requests', '/sessions', '/shops', '/shops/a.myshopify.com']) {
			await page.goto(`${address}${path}?tz=UTC&from=now-24h`);
			await expectLive(page);
			const amounts = await page.locator('main table').evaluateAll((tables) =>
				tables.flatMap((table) => {
					const rows = [...table.querySelectorAll('tbody tr, tfoot tr')].map((row) => [...row.children]);
					return [...(rows[0] ?? [])].map((_, column) =>
						rows.flatMap((cells) => {
							const cell = cells[column];
							const number = cell?.querySelector('.share > .number') ?? cell;
							const text = number?.textContent.trim() ?? '';
							if (!number || !/^(≈ )?-?\$/.test(text)) return [];
							// Where its point is: nothing has fewer decimals, and space behind them.
							const words = document.createTreeWalker(number, NodeFilter.SHOW_TEXT);
							while (words.nextNode() && !words.currentNode.textContent?.includes('.'));
							const range = document.createRange();
							range.setStart(words.currentNode, 0);
							range.setEnd(words.currentNode, words.currentNode.textContent?.indexOf('.') ?? 0);
							return [{ text, point: cell?.checkVisibility() ? range.getBoundingClientRect().right : null }];
						})
					);
				})
			);
			for (const column of amounts.filter(({ length }) => length > 1)) {
				columns++;
				const texts = column.map(({ text }) => text);
				const some = texts.filter((text) => /[1-9]/.test(text));
				const decimals = new Set(some.map((text) => text.split('.')[1]?.length));
				expect({ path, texts, decimals: [...decimals] }).toEqual({ path, texts, decimals: [...decimals].slice(0, 1) });
				const points = new Set(column.flatMap(({ point }) => (point === null ? [] : [Math.round(point)])));
				expect({ path, texts, points: [...points] }).toEqual({ path, texts, points: [...points].slice(0, 1) });
				nothings += texts.length - some.length;
			}
		}
		expect(columns).toBeGreaterThan(15);
		expect(nothings).toBeGreaterThan(5);
	}); // prettier-ignore

	it('keeps the rows of its lists in their places under the pointer, with their new numbers, and sorts them when it is gone', async () => {
		const { address } = await startRoom();
		await post(address, [asked({ costUsd: '3' }), asked({ costUsd: '2', provider: 'second' }), asked({ costUsd: '1', provider: 'third' })]);
		const page = await openPage(`${address}/costs?tz=UTC`);
		await expectLive(page);
		const providers = () =>
			region(page, 'By provider').locator('tbody tr').evaluateAll((rows) =>
				rows.map((row) => `${row.querySelector('th')?.textContent.trim()} ${row.querySelector('.share .number')?.textContent.trim()}`)
			);
		await region(page, 'By provider').getByRole('link', { name: 'second' }).hover();
		const models = region(page, 'By model').locator('tbody tr');
		expect(await models.count()).toBe(1);
		const below = () => region(page, 'By status').boundingBox();
		const place = await below();
		await post(address, [asked({ costUsd: '7', provider: 'third' }), asked({ costUsd: '5', provider: 'new', model: 'new' })]);
		await expect.poll(() => figure(page, 'AI cost').innerText(), PATIENCE).toBe('$18.00');
		expect(await providers()).toEqual(['fal $3.00', 'second $2.00', 'third $8.00']);
		// Nor does another list of the page push what stands below it.
		expect(await models.count()).toBe(1);
		expect(await below()).toEqual(place);
		await page.getByRole('heading', { level: 1 }).hover();
		await expect.poll(providers, PATIENCE).toEqual(['third $8.00', 'new $5.00', 'fal $3.00', 'second $2.00']);
		expect(await models.count()).toBe(2);
		// Another address is another list, wherever the pointer is.
		await region(page, 'By provider').getByRole('link', { name: 'new' }).click();
		await expect.poll(providers, PATIENCE).toEqual(['new $5.00']);
	}); // prettier-ignore

	it('opens from each of its numbers as many requests as it counts', async () => {
		const { address } = await startRoom();
		await post(address, EVENTS());
		const page = await openPage(`${address}/costs?tz=UTC&from=now-24h`);
		const links = await page.locator('main a[href^="/costs/requests"]:not(figcaption a)').evaluateAll((all) =>
			all.map((link) => ({ text: link.textContent.trim(), href: link.getAttribute('href') ?? '' }))
		);
		expect(links.length).toBeGreaterThan(20);
		for (const { text, href } of links) {
			const api = href.replace('/costs/requests', '/api/v1/ai-requests');
			const { rows, count, cost } = (await (await fetch(address + api)).json()) as { rows: { cost: string | null; estimate: string | null }[]; count: number; cost: string };
			expect([href, rows.length]).toEqual([href, count]);
			if (text.startsWith('≈')) expect(rows.every(({ estimate }) => estimate !== null)).toBe(true);
			// The key figure is rounded to cents.
			else if (text.startsWith('$')) expect(Math.abs(Number(cost) - Number(text.slice(1))), `${text} ${cost}`).toBeLessThan(0.005);
			// A series opens by its name all that its bars count.
			else if (/^\d/.test(text)) expect([href, text.replace(/ .*/, '')]).toEqual([href, String(count)]);
		}

		await expectLive(page);
		await figure(page, 'AI cost').getByRole('link').click();
		await page.waitForURL(/costs\/requests/);
		const rows = () => region(page, 'Requests').locator('tbody tr');
		await expect.poll(() => rows().count(), PATIENCE).toBe(6);
		expect(await page.locator('main img').count()).toBe(0);
		expect(await axeFindings(page)).toEqual([]);
		await page.getByLabel('Failed').check();
		await expect.poll(() => rows().count(), PATIENCE).toBe(1);
		expect(await page.title()).toBe('AI requests: failed · Control Room');
		const csv = (await page.getByRole('link', { name: 'CSV' }).getAttribute('href')) ?? '';
		expect((await (await fetch(address + csv)).text()).trimEnd().split('\r\n')).toHaveLength(2);
		await page.goBack();
		await expect.poll(() => rows().count(), PATIENCE).toBe(6);
		await expectLive(page);
		await post(address, [asked({ costUsd: '0.1' })]);
		await page.getByRole('button', { name: 'Show 1 new request' }).click();
		await expect.poll(() => rows().count(), PATIENCE).toBe(7);
	}); // prettier-ignore

	it('can be read and filtered without a script, in the dark, and by the keyboard', async () => {
		const { address } = await startRoom();
		await post(address, EVENTS());
		const plain = await openPage(`${address}/costs?tz=UTC`, { javaScriptEnabled: false });
		expect(await figure(plain, 'AI cost').innerText()).toBe('$0.34');
		await plain.getByLabel('Status', { exact: true }).selectOption('failed');
		await plain.getByRole('button', { name: 'Apply' }).click();
		await expect.poll(() => figure(plain, 'AI cost').innerText(), PATIENCE).toBe('$0.04');

		const dark = await openPage(`${address}/costs?tz=UTC&theme=dark`, { viewport: { width: 390, height: 844 } });
		expect(await axeFindings(dark)).toEqual([]);
		expect(await dark.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);

		const desk = await openPage(`${address}/costs?tz=UTC`);
		await expectLive(desk);
		await desk.keyboard.press('/');
		await desk.keyboard.type('b.myshopify.com');
		await desk.keyboard.press('Enter');
		await expect.poll(() => figure(desk, 'AI cost').innerText(), PATIENCE).toBe('$0.04');
	});
});

describe('the table of prices', () => {
	it('estimates what came without a cost, beside what was measured, and can be taken back', async () => {
		const { address } = await startRoom();
		await post(address, EVENTS());
		const costs = await openPage(`${address}/costs?tz=UTC`);
		await expectLive(costs);
		expect(await region(costs, 'Measured').innerText()).toContain('2 requests without cost and without a price');

		const page = await openPage(`${address}/costs/prices?tz=UTC`);
		await expectLive(page);
		await page.getByRole('row', { name: /fal flux/ }).getByRole('link', { name: 'Set a price' }).click();
		await expect.poll(() => page.getByLabel('Provider').inputValue(), PATIENCE).toBe('fal');
		await page.getByLabel('Price of a request').fill('1e3');
		await page.getByRole('button', { name: 'Set price' }).click();
		await page.getByText('A number of US dollars such as').waitFor();
		await page.getByLabel('Price of a request').fill('0.012345');
		await page.getByLabel('Your name').fill('Ann');
		await page.getByRole('button', { name: 'Set price' }).click();
		await expect.poll(() => region(page, 'Prices that stand').innerText(), PATIENCE).toMatch(/fal\s+flux\s+inpaint[^]*\$0\.012345\s+Ann/);
		expect(await region(page, 'History').innerText()).toMatch(/Ann set \$0\.012345 for fal, model flux/);
		expect(await axeFindings(page)).toEqual([]);

		await expect.poll(() => figure(costs, /^Estimated/).innerText(), PATIENCE).toBe('≈ $0.0123');
		expect(await figure(costs, 'AI cost').innerText()).toBe('$0.34');
		expect(await region(costs, 'Measured').innerText()).toContain('1 request without cost and without a price');
		const { rows } = (await (await fetch(`${address}/api/v1/prices`)).json()) as { rows: object[] };
		expect(rows).toMatchObject([{ provider: 'fal', model: 'flux', operation: 'inpaint', priceUsd: '0.012345', setBy: 'Ann' }]);

		const plain = await openPage(`${address}/costs/prices?tz=UTC&from=now-24h`, { javaScriptEnabled: false });
		await plain.getByRole('button', { name: /Take back/ }).click();
		await plain.getByText('No price has been set').waitFor();
		expect(new URL(plain.url()).search).toBe('?tz=UTC&from=now-24h');
		await expect.poll(() => figure(costs, /^Estimated/).innerText(), PATIENCE).toBe('–');
	}); // prettier-ignore

	it('takes no price from the form of another site', async () => {
		const { address } = await startRoom();
		const answer = await fetch(`${address}/costs/prices?/set`, {
			method: 'POST',
			headers: { origin: 'https://elsewhere.example', 'content-type': 'application/x-www-form-urlencoded' },
			body: 'provider=fal&validFrom=2026-11-01&priceUsd=1'
		});
		expect(answer.status).toBe(403);
	});
});
