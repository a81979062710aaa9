/** The pages of sessions and the search, as a person uses them: the real process, a real database and browser. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { axeFindings } from '../support/axe';
import { useBrowser } from '../support/browser';
import { visit } from '../support/shop';
import { post, startRoom } from '../support/room';
import { expectLive, region } from '../support/wall';

const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 25 };
const DESK = { viewport: { width: 1440, height: 900 } };

const rows = (page: Page) => page.getByRole('table').getByRole('rowheader').getByRole('link');
const titles = async (page: Page) => (await rows(page).allInnerTexts()).map((text) => text.trim());

/** Some sessions: the first of them the latest to start. Titles are such as shops should not have, and do. */
const TITLES = ['Oslo Sofa', '<b>Bold</b> & “co”', 'كرسي خشبي', '🪑'.repeat(40), 'x'.repeat(3_000), 'Oslo Lamp'];
async function fill(address: string) {
	const visits = TITLES.map(() => visit()).reverse();
	const events = visits.flatMap(({ event, step }, n) => [
		event('session_started', { productTitle: TITLES[n] }),
		step('room_capture', 'completed'),
		...(n % 2 ? [event('error', { errorCode: 'E_ODD', errorMessage: 'odd' })] : []),
		...(n > 0 ? [event('session_ended', { status: n === 5 ? 'abandoned' : 'completed', abandonmentStep: n === 5 ? 'mask' : null })] : [])
	]); // prettier-ignore
	await post(address, events);
	return visits.map(({ sessionId }) => sessionId);
}

describe('the list of sessions', () => {
	it('says while it is empty how to change that, takes a first session live, and lets new ones wait', async () => {
		const { address } = await startRoom();
		const page = await openPage(`${address}/sessions`, DESK);
		await expectLive(page);
		expect(await page.getByRole('main').innerText()).toMatch(/No sessions yet[^]*curl/);
		const [first, second] = [visit(), visit()];
		await post(address, [first.event('session_started', { productTitle: 'Oslo Sofa' })]);
		await expect.poll(() => titles(page), PATIENCE).toEqual(['Oslo Sofa']);

		await post(address, [
			second.event('session_started', { productTitle: 'Oslo Lamp' }),
			first.event('session_ended', { status: 'completed' })
		]);
		const fresh = page.getByRole('button', { name: 'Show 1 new session' });
		await expect.poll(() => fresh.count(), PATIENCE).toBe(1);
		await expect.poll(() => page.getByRole('row', { name: /Oslo Sofa/ }).innerText(), PATIENCE).toContain('Completed');
		expect(await titles(page)).toEqual(['Oslo Sofa']);
		await fresh.click();
		await expect.poll(async () => (await titles(page)).sort(), PATIENCE).toEqual(['Oslo Lamp', 'Oslo Sofa']);
	});

	it.each([1440, 390])('says at %i how many wait where that covers nothing, and moves nothing', async (width) => {
		const { address } = await startRoom();
		const ids = await fill(address);
		const page = await openPage(`${address}/sessions`, { viewport: { width, height: 900 } });
		await expectLive(page);
		// All that there is to read: the text's own boxes, not those of the elements around it.
		const texts = () =>
			page.getByRole('main').evaluate((main) => {
				const walker = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
				const found: { text: string; x: number; y: number; right: number; bottom: number }[] = [];
				while (walker.nextNode()) {
					const { currentNode: node } = walker;
					if (!node.parentElement?.checkVisibility() || node.parentElement.closest('.visually-hidden, .new-rows')) continue;
					const range = document.createRange();
					range.selectNodeContents(node);
					const { x, y, right, bottom, width } = range.getBoundingClientRect();
					if (width > 0) found.push({ text: node.textContent ?? '', x, y, right, bottom });
				}
				return found;
			});
		const placesOf = async (name: RegExp) => (await texts()).filter(({ text }) => name.test(text)).map(({ x, y }) => [x, y]);
		const still = /^(Product and shop|Oslo Sofa|Oslo Lamp|Sessions that started)/;
		const before = await placesOf(still);
		expect(before.length).toBeGreaterThan(3);
		await post(address, [visit().event('session_started', { productTitle: 'Later' })]);
		const fresh = page.getByRole('button', { name: 'Show 1 new session' });
		await fresh.waitFor();
		expect(await placesOf(still)).toEqual(before);
		const box = await fresh.boundingBox();
		if (!box) throw new Error('the button has no place');
		const covered = (await texts()).filter(({ x, y, right, bottom }) => x < box.x + box.width && right > box.x && y < box.y + box.height && bottom > box.y);
		expect(covered).toEqual([]);
		expect(box.x + box.width).toBeLessThanOrEqual(width);
		await fresh.click();
		await expect.poll(() => rows(page).count(), PATIENCE).toBe(ids.length + 1);
		await fresh.waitFor({ state: 'detached' });
	}); // prettier-ignore

	it('is filtered by the keyboard, restored by Back, and the same as CSV and in the API', async () => {
		const { address } = await startRoom();
		const ids = await fill(address);
		const page = await openPage(`${address}/sessions`, DESK);
		await expectLive(page);
		expect(await rows(page).count()).toBe(TITLES.length);
		await page.keyboard.press('/');
		await page.keyboard.type('oslo');
		await page.keyboard.press('Enter');
		await page.waitForURL('**/sessions?product=oslo');
		await expect.poll(async () => (await titles(page)).sort(), PATIENCE).toEqual(['Oslo Lamp', 'Oslo Sofa']);
		await page.getByLabel('Active', { exact: true }).check();
		await page.waitForURL('**/sessions?product=oslo&status=in_progress');
		await expect.poll(() => titles(page), PATIENCE).toEqual(['Oslo Sofa']);
		expect(await page.getByRole('heading', { level: 2 }).innerText()).toBe('1 session');
		await page.goBack();
		await expect.poll(async () => (await titles(page)).length, PATIENCE).toBe(2);

		const href = (await page.getByRole('link', { name: 'CSV' }).getAttribute('href')) ?? '';
		const csv = (await (await fetch(address + href)).text()).trim().split('\r\n');
		const api = (await (await fetch(`${address}/api/v1/sessions?product=oslo`)).json()) as { rows: { sessionId: string }[] };
		const expected = [ids[0], ids[5]].sort();
		expect(csv.slice(1).map((line) => line.split(',')[0]).sort()).toEqual(expected);
		expect(api.rows.map(({ sessionId }) => sessionId).sort()).toEqual(expected);
		await page.goto(`${address}/sessions?by=never`);
		expect(await page.getByRole('main').innerText()).toContain('“by” must be started, ended, hit or any.');
	}); // prettier-ignore

	it('is filtered by what was chosen before its script was there, as soon as it is', async () => {
		const { address } = await startRoom();
		await fill(address);
		const page = await openPage('about:blank', DESK);
		let arrive = (): void => undefined;
		const arrived = new Promise<void>((resolve) => (arrive = resolve));
		await page.route('**/_app/**/*.js', async (route) => {
			await arrived;
			await route.continue();
		});
		await page.goto(`${address}/sessions`, { waitUntil: 'commit' });
		await page.getByLabel('Active', { exact: true }).check();
		arrive();
		await page.waitForURL('**/sessions?status=in_progress');
		await expect.poll(() => titles(page), PATIENCE).toEqual(['Oslo Sofa']);
		expect(await page.getByLabel('Active', { exact: true }).isChecked()).toBe(true);
	});

	it('leads to a session, on to its neighbours, and back to where it was', async () => {
		const { address } = await startRoom();
		await fill(address);
		const page = await openPage(`${address}/sessions?status=completed`, DESK);
		await expectLive(page);
		const order = await titles(page);
		await rows(page).nth(1).click();
		const heading = page.getByRole('heading', { level: 1 });
		await expect.poll(async () => (await heading.innerText()).trim(), PATIENCE).toBe(order[1]);
		await page.getByRole('link', { name: 'Older session' }).click();
		await expect.poll(async () => (await heading.innerText()).trim(), PATIENCE).toBe(order[2]);
		await page.getByRole('link', { name: 'Newer session' }).click();
		await expect.poll(async () => (await heading.innerText()).trim(), PATIENCE).toBe(order[1]);
		await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
		await page.getByRole('button', { name: 'Copy the session id' }).click();
		await page.getByText('Copied').waitFor();
		const id = decodeURIComponent(new URL(page.url()).pathname.replace('/sessions/', ''));
		expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(id);
		await page.getByRole('link', { name: 'Back to the list' }).click();
		await page.waitForURL('**/sessions?status=completed');
		await expect.poll(() => titles(page), PATIENCE).toEqual(order);
	});

	it('works without JavaScript, with titles that are only texts', async () => {
		const { address } = await startRoom();
		await fill(address);
		const page = await openPage(`${address}/sessions?status=completed`, { ...DESK, javaScriptEnabled: false });
		expect(await titles(page)).toContain('<b>Bold</b> & “co”');
		expect(await page.getByRole('main').locator('b').count()).toBe(0);
		const order = await titles(page);
		await rows(page).first().click();
		await page.getByRole('link', { name: 'Older session' }).click();
		const heading = page.getByRole('heading', { level: 1 });
		await expect.poll(async () => (await heading.innerText()).trim(), PATIENCE).toBe(order[1]);
		await page.getByRole('link', { name: 'Back to the list' }).click();
		await expect.poll(() => titles(page), PATIENCE).toEqual(order);
		await page.getByRole('link', { name: 'Search' }).click();
		await page.getByLabel('Session, product, shop, error or page').fill('oslo');
		await page.getByRole('button', { name: 'Search' }).click();
		await expect.poll(() => region(page, 'Sessions').getByRole('listitem').count(), PATIENCE).toBe(2);
	});

	it.each(['light', 'dark'] as const)('has nothing that axe would find, in %s, and fits into a hand', async (colorScheme) => {
		const { address } = await startRoom();
		await fill(address);
		const page = await openPage(`${address}/sessions?errors=1`, { colorScheme, viewport: { width: 390, height: 844 } });
		await expectLive(page);
		expect(await axeFindings(page)).toEqual([]);
		expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
		await rows(page).first().click();
		await expect.poll(() => page.getByRole('link', { name: 'Back to the list' }).count(), PATIENCE).toBe(1);
		expect(await axeFindings(page)).toEqual([]);
		await page.keyboard.press('Control+k');
		await page.keyboard.type('oslo');
		await expect.poll(() => page.getByRole('dialog').getByRole('option').count(), PATIENCE).toBe(2);
		expect(await axeFindings(page)).toEqual([]);
		await page.goto(`${address}/search?q=odd`);
		expect(await axeFindings(page)).toEqual([]);
	}); // prettier-ignore
});

describe('the search', () => {
	it('finds by keys alone what has a text in its name, and shows the answer to the last question', async () => {
		const { address } = await startRoom();
		const ids = await fill(address);
		const page = await openPage(`${address}/sessions`, DESK);
		await expectLive(page);
		const options = page.getByRole('dialog').getByRole('option');
		const field = page.getByRole('dialog').getByRole('combobox');
		// The answer to the first question comes after that to the second.
		await page.route('**/api/v1/search?q=oslo', async (route) => {
			const answer = await route.fetch();
			await expect.poll(() => options.filter({ hasText: 'Bold' }).count(), PATIENCE).toBe(1);
			await route.fulfill({ response: answer }).catch(() => undefined);
		});
		await page.keyboard.press('Control+k');
		const asked = page.waitForRequest('**/api/v1/search?q=oslo');
		await page.keyboard.type('oslo');
		await asked;
		await field.fill('bold');
		await expect.poll(() => options.allInnerTexts(), PATIENCE).toEqual([expect.stringContaining('<b>Bold</b>')]);
		await page.unrouteAll({ behavior: 'wait' });
		expect(await options.allInnerTexts()).toEqual([expect.stringContaining('<b>Bold</b>')]);

		await page.keyboard.press('Escape');
		await expect.poll(() => page.getByRole('dialog').count(), PATIENCE).toBe(0);
		expect(new URL(page.url()).pathname).toBe('/sessions');
		await page.keyboard.press('Control+k');
		await field.fill('E_ODD');
		await expect.poll(() => options.allInnerTexts(), PATIENCE).toEqual([expect.stringMatching(/E_ODD[^]*3 errors/)]);
		// Whatever is pasted: 10,000 characters, signs, another script.
		for (const pasted of ['x'.repeat(10_000), '🪑🪑', 'كرسي']) {
			await field.fill('');
			await page.keyboard.insertText(pasted);
			await expect
				.poll(() => options.allInnerTexts(), PATIENCE)
				.toEqual([expect.stringContaining(pasted.slice(0, 255)) as string]);
		}
		await field.fill('<b>nobody</b>');
		await page.getByText('Nothing has “<b>nobody</b>” in its name.').waitFor();
		await field.fill('oslo');
		await expect.poll(() => options.count(), PATIENCE).toBe(2);
		await page.keyboard.press('ArrowDown');
		await page.keyboard.press('ArrowDown');
		await page.keyboard.press('ArrowUp');
		const chosen = await page.getByRole('dialog').getByRole('option', { selected: true }).getAttribute('href');
		await page.keyboard.press('Enter');
		await page.waitForURL(`**${chosen}`);
		expect([ids[0], ids[5]]).toContain(decodeURIComponent(new URL(page.url()).pathname.replace('/sessions/', '')));
	});

	it('goes to what is still to be found when Enter is quicker than the answer', async () => {
		const { address } = await startRoom();
		const ids = await fill(address);
		const page = await openPage(`${address}/`, DESK);
		await expectLive(page);
		await page.getByRole('link', { name: 'Search' }).click();
		await page.keyboard.type(ids[3] ?? '');
		await page.keyboard.press('Enter');
		await page.waitForURL(`**/sessions/${ids[3]}`);
	});
});
