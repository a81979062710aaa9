/**
 * What holds for every page, with a past behind it and with events in it that mean ill: it answers, it can be read on a
 * phone, at 200 % zoom, by keyboard, by a screen reader, in the dark and without JavaScript, and it neither faults nor
 * moves while it becomes live. What a page says is its own test's matter.
 */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { useBrowser } from '../support/browser';
import type { TestDatabase } from '../support/database';
import { databaseWithHistory, namesIn, type Names } from '../support/history';
import { useProcess } from '../support/process';
import { expectLive } from '../support/wall';

const DAY_MS = 86_400_000;
const HISTORY = { seed: 'every page', shops: 8, events: 8_000, spanMs: 7 * DAY_MS };
const LONG = `<script>throw new Error('markup ran')</script>${'Longunbrokenword'.repeat(312)}`;
const ODD_SHOP = '<b>ü שלום/..?#🛋️';
const ODD_SESSION = `<i>odd</i> ${'session'.repeat(17)}`;
const SCRIPT_BYTES = 150_000;
const SHIFT = 0.01;
const SIZES = {
	'at 200 % zoom': { width: 640, height: 400 },
	'at 400 % zoom': { width: 320, height: 640 },
	'on a phone': { width: 390, height: 844 }
};

const openPage = useBrowser();
let database: TestDatabase;
let names: Names;
const begun = Date.now();
afterAll(() => database.drop());
const room = useProcess(async () => {
	database = await databaseWithHistory(HISTORY);
	names = await namesIn(database.sql);
	return { DATABASE_URL: database.url, PORT: '0' };
});

/** A session, a shop and an error group of what no page should stumble over. They have ids: posted twice, they are once. */
function hostile(): object[] {
	const told = (id: number, type: string, data: object | null) => ({
		id: `hostile ${id}`, type, sessionId: ODD_SESSION, shopDomain: ODD_SHOP, timestamp: new Date(begun - 60_000 + id).toISOString(),
		data, deviceContext: { deviceType: 'mobile', os: null, browser: LONG }
	}); // prettier-ignore
	return [
		told(1, 'session_started', { productTitle: LONG, productId: null, productPrice: 'much' }),
		told(2, 'step_update', { step: 'room_capture', status: 'completed', durationMs: null }),
		told(3, 'step_update', { step: '<u>lighting</u>', status: 'started', durationMs: -1 }),
		told(4, 'error', { errorCode: '<img src=x onerror=alert(1)>', errorMessage: LONG, stack: LONG, severity: 'critical' }),
		told(5, 'ai_request', { requestId: 'r'.repeat(200), provider: 'שלום 🛋️', model: LONG, status: 'success', costUsd: 1e6 }),
		told(6, LONG.slice(0, 100), { [LONG.slice(0, 300)]: [null, { deep: LONG }], '\u202Eright to left': '\u202Egnihton' }),
		told(7, 'setup_started', { productId: LONG, productTitle: '👩‍👩‍👧‍👦'.repeat(700) }),
		told(8, 'session_ended', null),
		{ id: 'hostile 9', type: 'error', data: null, sessionId: null, shopDomain: null, timestamp: null }
	]; // prettier-ignore
}

/** The real process on the history and the hostile events; every page's address. */
async function open(): Promise<{ address: string; pages: string[] }> {
	const { address } = room();
	const body = JSON.stringify({ events: hostile() });
	const answer = await fetch(`${address}/api/analytics/events`, { method: 'POST', body });
	expect(await answer.json()).toMatchObject({ success: true, processed: hostile().length, rejected: [] });
	const odd = await database.sql<{ group: string }[]>`
		select distinct group_key as group from error_events where session_id = ${ODD_SESSION}`;
	expect(odd).toHaveLength(1);
	const pages = [
		'/',
		'/sessions',
		...[names.session, ODD_SESSION].map((id) => `/sessions/${encodeURIComponent(id)}`),
		'/errors',
		'/errors?view=list',
		...[names.group, odd[0]?.group ?? ''].map((group) => `/errors/${group}`),
		'/costs',
		'/costs/prices',
		'/costs/requests',
		'/analytics',
		'/journey',
		'/shops',
		...[names.shop, ODD_SHOP].map((shop) => `/shops/${encodeURIComponent(shop)}`),
		'/setup',
		'/system',
		'/search?q=o'
	];
	return { address, pages };
}

/** What axe finds; everything, or what may differ between light and dark. */
async function findings(page: Page, what: 'all' | 'colours'): Promise<string[]> {
	await page.evaluate(async () => {
		const moving = document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity); // prettier-ignore
		// Elements that are still fading have colours of no meaning.
		await Promise.allSettled(moving.map((animation) => animation.finished));
	});
	const { violations } = await page.evaluate((values) => {
		const { axe: inPage } = window as unknown as { axe: typeof axe };
		return inPage.run({ resultTypes: ['violations'], ...(values ? { runOnly: { type: 'rule', values } } : {}) });
	}, what === 'colours' ? ['color-contrast', 'link-in-text-block'] : null); // prettier-ignore
	return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)).join('\n')}`); // prettier-ignore
}

/** Times that do not say when they are, with the zone; charts that are not there as a table. Runs in the page. */
function faultsOfReading(): string[] {
	const times = [...document.querySelectorAll('main time')].filter((time) => {
		const isExact = /\d{4}.*\d\d:\d\d:\d\d.* \S+$/.test(time.getAttribute('title') ?? '');
		return !isExact || Number.isNaN(Date.parse(time.getAttribute('datetime') ?? ''));
	});
	const charts = [...document.querySelectorAll('figure:has(canvas)')].filter((chart) => {
		const isTold = chart.querySelector('details table tbody tr') !== null;
		return !isTold || chart.querySelector('summary')?.textContent.includes('View as table') !== true;
	});
	return [...times, ...charts].map((one) => one.outerHTML.slice(0, 200));
}

/** The file that a page offers has as many rows as the page says that there are. @returns how many files there were */
async function fileAgrees(page: Page): Promise<number> {
	const link = page.getByRole('link', { name: 'CSV' });
	if ((await link.count()) === 0) return 0;
	const href = new URL((await link.getAttribute('href')) ?? '', page.url());
	const answer = await fetch(href, { headers: { cookie: await page.evaluate(() => document.cookie) } });
	expect([href.pathname, answer.status, answer.headers.get('content-type')]).toEqual([href.pathname, 200, 'text/csv; charset=utf-8']); // prettier-ignore
	const lines = linesOf(await answer.text());
	const pager = page.getByRole('navigation', { name: 'Pages of the list' });
	if ((await pager.count()) === 0) return 1;
	const counted = async () => Number(/ of ([\d,]+) /.exec(await pager.last().innerText())?.[1]?.replaceAll(',', ''));
	const before = await counted();
	// The range moves on with time, and rows leave it at its beginning: the file has none more than the page had, and none
	// less than the page has then.
	if (lines - 1 !== before) await page.reload();
	const after = await counted();
	expect({ path: href.pathname, rows: Math.min(Math.max(lines - 1, after), before) }).toEqual({ path: href.pathname, rows: lines - 1 }); // prettier-ignore
	return 1;
}

/** Lines of a CSV: what is quoted may have some of its own. */
const linesOf = (csv: string): number => csv.replaceAll(/"[^"]*"/g, '').split('\r\n').length - 1;

/** How far the page's parts have moved since it was opened, without the viewer's doing. Runs in the page. */
async function shiftSoFar(): Promise<number> {
	let sum = 0;
	const observer = new PerformanceObserver((list) => {
		for (const entry of list.getEntries()) {
			if ('value' in entry && 'hadRecentInput' in entry && !entry.hadRecentInput) sum += Number(entry.value);
		}
	});
	observer.observe({ type: 'layout-shift', buffered: true });
	// What is buffered is told before the second frame.
	await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
	return sum;
}

/** How far a page can be scrolled sideways in each of the sizes; what needs a moment to shrink has it. */
async function widthsOf(page: Page): Promise<string[]> {
	const wide: string[] = [];
	for (const [name, viewport] of Object.entries(SIZES)) {
		await page.setViewportSize(viewport);
		const width = () => page.evaluate(() => document.scrollingElement?.scrollWidth ?? Infinity);
		const fits = page.waitForFunction((most) => (document.scrollingElement?.scrollWidth ?? Infinity) <= most, viewport.width, { timeout: 30_000 }); // prettier-ignore
		await fits.catch(async () => wide.push(`${name}: ${await width()}`));
	}
	return wide;
}

/** Each page is opened twice, without JavaScript and with it, and looked at in every way that does not need it anew. */
describe('every page', () => {
	it('answers with a title, a heading and its content without JavaScript, never scrolls sideways, and folds its filters away on a phone', async () => {
		const { address, pages } = await open();
		const page = await openPage('about:blank', { javaScriptEnabled: false });
		let [withFilters, files] = [0, 0];
		for (const path of pages) {
			await page.setViewportSize({ width: 1440, height: 844 });
			const answer = await page.goto(address + path);
			const seen = {
				path,
				status: answer?.status(),
				isTitled: /./.test(await page.title()),
				headings: await page.locator('h1').count(),
				hasContent: (await page.locator('main').locator('table, figure, ol, ul, dl').count()) > 0
			};
			expect(seen).toEqual({ path, status: 200, isTitled: true, headings: 1, hasContent: true });
			expect({ path, faults: await page.evaluate(faultsOfReading) }).toEqual({ path, faults: [] });
			files += await fileAgrees(page);

			const [summary, form] = [page.locator('search summary'), page.locator('search form')];
			const hasFilters = (await summary.count()) > 0;
			const filters = async () => ({ path, button: await summary.isVisible(), form: await form.isVisible() });
			if (hasFilters) expect(await filters()).toEqual({ path, button: false, form: true });
			expect({ path, wide: await widthsOf(page) }).toEqual({ path, wide: [] });
			// The last of the sizes is a phone's.
			if (hasFilters) expect(await filters()).toEqual({ path, button: true, form: false });
			if (hasFilters) withFilters++;
		}
		expect(withFilters).toBeGreaterThan(5);
		expect(files).toBeGreaterThan(9);
	});

	it('needs little script, does not move while it becomes live, begins with a link to its content, has nothing that axe would find, in light and in dark, and never scrolls sideways', async () => {
		const { address, pages } = await open();
		// The server takes the viewer's zone for another one at first.
		const page = await openPage('about:blank', { timezoneId: 'America/Argentina/Buenos_Aires' });
		const scripts = await watchScripts(page);
		const found: Record<string, string[]> = {};
		for (const path of pages) {
			const faults: string[] = (found[path] = []);
			scripts.clear();
			await page.setViewportSize({ width: 1440, height: 900 });
			await page.emulateMedia({ colorScheme: 'light' });
			// The cookie by which the server knows the zone.
			await page.context().clearCookies();
			await page.goto(address + path);
			await expectLive(page);
			const shift = await page.evaluate(shiftSoFar);
			if (shift >= SHIFT) faults.push(`moved by ${shift}`);
			const bytes = [...scripts.values()].reduce((sum, size) => sum + size, 0);
			if (bytes < 10_000 || bytes >= SCRIPT_BYTES) faults.push(`${bytes} bytes of script`);

			await page.keyboard.press('Tab');
			const link = page.getByRole('link', { name: 'Skip to content' });
			if (!(await link.evaluate((one) => one === document.activeElement))) faults.push('another first link');
			await page.keyboard.press('Enter');
			const reached = await page.evaluate(() => document.activeElement?.tagName);
			if (reached !== 'MAIN') faults.push(`the first link leads to ${reached}`);

			await page.evaluate(axe.source);
			faults.push(...(await findings(page, 'all')).map((one) => `in light: ${one}`));
			await page.emulateMedia({ colorScheme: 'dark' });
			faults.push(...(await findings(page, 'colours')).map((one) => `in dark: ${one}`));
			faults.push(...(await widthsOf(page)));
		}
		expect(found).toEqual(Object.fromEntries(pages.map((path) => [path, []])));
	});

	it('does not move on a phone either, whatever the line on top says', async () => {
		const { address } = await open();
		const page = await openPage('about:blank', { viewport: SIZES['on a phone'], timezoneId: 'America/Argentina/Buenos_Aires' }); // prettier-ignore
		for (const path of ['/', '/sessions', `/shops/${encodeURIComponent(ODD_SHOP)}`]) {
			await page.context().clearCookies();
			await page.goto(address + path);
			await expectLive(page);
			const shift = await page.evaluate(shiftSoFar);
			expect({ path, hasMoved: shift >= SHIFT }).toEqual({ path, hasMoved: false });
		}
	});
});

/** How many bytes of script come over the wire, by address: without a cache, what was preloaded may be fetched twice. */
async function watchScripts(page: Page): Promise<Map<string, number>> {
	const tools = await page.context().newCDPSession(page);
	await tools.send('Network.enable');
	await tools.send('Network.setCacheDisabled', { cacheDisabled: true });
	const addresses = new Map<string, string>();
	const sizes = new Map<string, number>();
	tools.on('Network.responseReceived', ({ requestId, type, response }) => {
		if (type === 'Script') addresses.set(requestId, response.url);
	});
	tools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
		const address = addresses.get(requestId);
		if (address !== undefined) sizes.set(address, encodedDataLength);
	});
	return sizes;
}
