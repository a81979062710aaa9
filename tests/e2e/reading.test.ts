/**
 * How the drill-down pages are read: rows stay where they are while new ones come and while the reader looks elsewhere,
 * everything is reached by keys alone, days are those of the reader's zone, and a page that has nothing says why. One file,
 * because most of it is read from the same rows of one process.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { useBrowser } from '../support/browser';
import { testDatabase, type TestDatabase } from '../support/database';
import { axeFindings } from '../support/axe';
import { everything } from '../support/everything';
import { faultsOfStops, followFocus } from '../support/keyboard';
import { startProcess, useProcess } from '../support/process';
import { post } from '../support/room';
import { expectLive, region } from '../support/wall';

const openPage = useBrowser();
const DESK = { viewport: { width: 1440, height: 800 } };

let database: TestDatabase;
afterAll(() => database.drop());
const room = useProcess(async () => {
	database = await testDatabase();
	return { DATABASE_URL: database.url, PORT: '0' };
});

/** A row of every list, known by its mark: a later one has a higher number. */
let marked = 0;
function aRowOfEach(): unknown[] {
	const mark = `mark-${++marked}`;
	const told = (type: string, data: object) => ({
		type, id: `${type} ${mark}`, sessionId: `of ${mark}`, shopDomain: 'marked.example', data,
		timestamp: new Date(Date.now() - 60_000 + marked * 20).toISOString()
	}); // prettier-ignore
	return [
		told('session_started', { productTitle: mark }),
		told('error', { errorCode: 'MARKED', errorMessage: `it broke at ${mark}` }),
		told('ai_request', { requestId: mark, provider: mark, status: 'success', costUsd: 0.01 }),
		told('tick', { mark }),
		mark
	];
}

/** The marks of the rows that are shown, from above. */
const marks = (page: Page) =>
	page
		.locator('main :is(tbody tr, section > ol > li)')
		.evaluateAll((rows) => rows.flatMap((row) => /mark-\d+/.exec(row.textContent)?.[0] ?? []));

const LISTS = [
	'/sessions?tz=UTC&status=in_progress&shop=marked.example',
	'/errors?tz=UTC&shop=marked.example&view=list',
	'/analytics?tz=UTC&type=tick',
	'/costs/requests?tz=UTC&shop=marked.example',
	'/system?tz=UTC'
];

describe('a list that is read while more comes', () => {
	beforeAll(() => post(room().address, [...Array.from({ length: 60 }, aRowOfEach).flat(), ...everything()], null));

	it.each(LISTS)('moves no row, and Back finds the same rows at the same place: %s', async (path) => {
		const { address } = room();
		const page = await openPage(address + path, DESK);
		await expectLive(page);
		const before = await marks(page);
		expect(before.length).toBeGreaterThanOrEqual(20);
		const [first = ''] = before;
		const row = page
			.locator('main :is(tbody tr, section > ol > li)')
			.filter({ hasText: new RegExp(`${before[15]}(?!\\d)`) });
		await row.evaluate((one) => {
			one.scrollIntoView({ block: 'center' });
		});
		const place = async () => ({ row: (await row.boundingBox())?.y, scrolled: await page.evaluate(() => scrollY) });
		const seen = await place();
		expect(seen.scrolled).toBeGreaterThan(0);

		const waiting = (number: number) => page.getByRole('button', { name: new RegExp(`^Show ${number} new `) });
		await post(address, aRowOfEach(), 1);
		await waiting(1).waitFor();
		expect(await marks(page)).toEqual(before);
		expect(await place()).toEqual(seen);

		// By a way that scrolls nothing.
		await page.keyboard.press('Control+k');
		await page.keyboard.type('journey');
		await page.keyboard.press('Enter');
		await page.getByRole('heading', { level: 1, name: 'Journey' }).waitFor();
		await post(address, aRowOfEach(), 1);
		await page.goBack();
		await page.waitForURL(address + path);
		await waiting(2).waitFor();
		expect(await marks(page)).toEqual(before);
		expect(await place()).toEqual(seen);

		// By its key: what the button stood for is the next thing to be reached.
		await waiting(2).press('Enter');
		const later = [`mark-${marked}`, `mark-${marked - 1}`];
		await expect.poll(async () => (await marks(page)).slice(0, 3)).toEqual([...later, first]);
		expect(await page.evaluate(() => document.activeElement?.matches('main section :is(a, summary)'))).toBe(true);
	});

	it('is left by a link though more comes while the next page is on its way', async () => {
		const { address } = room();
		const path = '/sessions?tz=UTC&shop=marked.example';
		const [page, other] = [await openPage(address + path, DESK), await openPage(address + path, DESK)];
		await expectLive(page);
		await expectLive(other);
		let release = (): void => undefined;
		const released = new Promise<void>((resolve) => (release = resolve));
		await page.route('**/journey/__data.json*', async (route) => {
			await released;
			await route.continue();
		});
		const asked = page.waitForRequest('**/journey/__data.json*');
		await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Journey' }).click();
		await asked;
		await post(address, aRowOfEach(), 1);
		// By then the first page has heard of it as well, and would have read its list anew.
		await other.getByRole('button', { name: /^Show 1 new / }).waitFor();
		release();
		await page.getByRole('heading', { level: 1, name: 'Journey' }).waitFor();
	});

	it('shows the latest rows when it is opened anew rather than gone back to', async () => {
		const { address } = room();
		const page = await openPage(`${address}/sessions?tz=UTC&shop=marked.example`, DESK);
		await expectLive(page);
		const [first] = await marks(page);
		await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Journey' }).click();
		await page.getByRole('heading', { level: 1, name: 'Journey' }).waitFor();
		await post(address, aRowOfEach(), 1);
		await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Sessions' }).click();
		await page.getByRole('heading', { level: 1, name: 'Sessions' }).waitFor();
		await expect.poll(async () => (await marks(page))[0]).toBe(`mark-${marked}`);
		expect(first).not.toBe(`mark-${marked}`);
	});
});

const PAGES = [
	'/sessions',
	'/errors',
	'/errors?view=list',
	'/costs',
	'/costs/prices',
	'/costs/requests',
	'/analytics?field=status',
	'/journey',
	'/shops',
	'/shops/busy.example',
	'/setup',
	'/system',
	'/search?q=busy'
];

describe('by keys alone', () => {
	let address: string;
	let own: TestDatabase;
	let session = '';
	let group = '';
	const ends: (() => Promise<void>)[] = [];
	beforeAll(async () => {
		own = await testDatabase();
		({ address } = await startProcess({ DATABASE_URL: own.url, PORT: '0' }, (end) => ends.push(end)));
		await post(address, [...everything(), ...Array.from({ length: 60 }, aRowOfEach).flat()], null);
		const [row] = await own.sql<{ session: string; group: string }[]>`
			select session_id as session, group_key as group from error_events where session_id like 'session-%' limit 1`;
		({ session, group } = row ?? { session: '', group: '' });
	});
	afterAll(async () => {
		for (const end of ends) await end();
		await own.drop();
	});

	it('everything on every page is reached in its order, is seen to have the focus, and lets go of it', async () => {
		const page = await openPage('about:blank', DESK);
		const found: Record<string, string[]> = {};
		const paths = [...PAGES, `/sessions/${session}`, `/errors/${group}`];
		for (const path of paths) {
			await page.goto(address + path);
			await expectLive(page);
			const reachable = await page.evaluate(followFocus);
			expect(reachable).toBeGreaterThan(15);
			// Some fields are several stops.
			for (let stop = 0; stop < reachable + 10; stop++) await page.keyboard.press('Tab');
			found[path] = await page.evaluate(faultsOfStops);
		}
		expect(found).toEqual(Object.fromEntries(paths.map((path) => [path, []])));
	});

	/** Presses Tab until the element has the focus. */
	async function tabTo(page: Page, what: { role: 'link' | 'button' | 'combobox' | 'checkbox'; name: string | RegExp } | { css: string }) {
		const wanted = 'css' in what ? page.locator(what.css).first() : page.getByRole(what.role, { name: what.name }).first();
		for (let stop = 0; stop < 400; stop++) {
			if (await wanted.evaluate((one) => one === document.activeElement)) return;
			await page.keyboard.press('Tab');
		}
		throw new Error(`Tab does not come to ${JSON.stringify(what)}`);
	} // prettier-ignore

	it('filters are set and cleared, the range and a chart’s table opened, pages of a list turned, and dialogs opened and left', async () => {
		const page = await openPage(`${address}/sessions`, DESK);
		await expectLive(page);
		const { keyboard } = page;
		const focused = () => page.evaluate(() => document.activeElement?.tagName);

		await keyboard.press('/');
		await keyboard.type('sofa');
		await keyboard.press('Enter');
		await page.waitForURL('**/sessions?product=sofa');
		await tabTo(page, { role: 'checkbox', name: 'Completed' });
		await keyboard.press('Space');
		await page.waitForURL('**/sessions?product=sofa&status=completed');
		await expect.poll(() => page.getByRole('heading', { level: 2 }).innerText()).toBe('2 sessions');
		await tabTo(page, { role: 'link', name: 'Remove Status: Completed' });
		await keyboard.press('Enter');
		await page.waitForURL('**/sessions?product=sofa');
		await tabTo(page, { role: 'link', name: 'Clear' });
		await keyboard.press('Enter');
		await page.waitForURL('**/sessions');
		await tabTo(page, { role: 'link', name: 'Older →' });
		await keyboard.press('Enter');
		await page.waitForURL('**/sessions?cursor=*');
		await tabTo(page, { role: 'link', name: 'Newest' });
		await keyboard.press('Enter');
		await page.waitForURL('**/sessions');

		const range = page.locator('.range summary');
		const usual = await range.innerText();
		await tabTo(page, { css: '.range summary' });
		await keyboard.press('Enter');
		const from = page.getByLabel('From', { exact: true });
		await from.waitFor();
		await keyboard.press('Tab');
		// What can't be read stays there, and is said beside it.
		for (const [typed, says] of [['yesterday', 'must be such as'], ['now', 'must begin before it ends']] as const) {
			await from.fill(typed);
			await keyboard.press('Enter');
			expect(await from.evaluate((input: HTMLInputElement) => input.validationMessage)).toContain(says);
		}
		await from.fill('now-3d');
		await keyboard.press('Enter');
		await page.waitForURL('**/sessions?from=now-3d&to=now');
		await expect.poll(() => range.innerText()).not.toBe(usual);
		await page.goBack();
		// The address is the old one before what it shows is, and what was opened until then would be closed again.
		await expect.poll(() => range.innerText()).toBe(usual);
		await tabTo(page, { css: '.range summary' });
		await keyboard.press('Enter');
		await from.waitFor();
		await keyboard.press('Tab');
		await keyboard.press('Escape');
		await page.getByLabel('From', { exact: true }).waitFor({ state: 'hidden' });
		expect(await focused()).toBe('SUMMARY');

		for (const [key, name] of [['?', 'Keys'], ['Control+k', 'Search']] as const) {
			await keyboard.press(key);
			const dialog = page.getByRole('dialog', { name });
			await dialog.waitFor();
			for (let stop = 0; stop < 5; stop++) {
				await keyboard.press('Tab');
				const isInside = await page.evaluate(() => document.activeElement === document.body || !!document.activeElement?.closest('dialog'));
				expect([name, isInside]).toEqual([name, true]);
			}
			await keyboard.press('Escape');
			await dialog.waitFor({ state: 'hidden' });
			expect([name, await focused()]).toEqual([name, 'SUMMARY']);
		}

		await page.goto(`${address}/errors?tz=UTC`);
		await expectLive(page);
		await tabTo(page, { css: 'figure details summary' });
		await keyboard.press('Enter');
		const table = page.getByRole('region', { name: /as a table/ });
		await table.waitFor();
		await tabTo(page, { css: 'figure tbody a' });
		await keyboard.press('Enter');
		await page.waitForURL(/view=list/);
	}); // prettier-ignore
});

/** Around the night in which Berlin's clocks go back, so that its Sunday has 25 hours. */
const MOMENTS = ['24T21:59', '24T22:01', '25T00:30', '25T01:30', '25T22:59', '25T23:01'];
const DAYS: Record<string, [day: string, sessions: number][]> = {
	'Europe/Berlin': [['Sat, 24 Oct 2026', 1], ['Sun, 25 Oct 2026', 4], ['Mon, 26 Oct 2026', 1]],
	UTC: [['Sat, 24 Oct 2026', 2], ['Sun, 25 Oct 2026', 4]],
	'America/New_York': [['Sat, 24 Oct 2026', 4], ['Sun, 25 Oct 2026', 2]]
}; // prettier-ignore

describe('the time zone', () => {
	/** Day and number of the rows of the page's first chart, as its table has them. */
	const days = (page: Page) =>
		page
			.locator('figure')
			.first()
			.locator('tbody tr')
			.evaluateAll((rows) =>
				rows.map((row) => {
					const numbers = [...row.querySelectorAll('td')].map((cell) => Number(cell.textContent.replace('$', '')));
					const cents = numbers.reduce((sum, number) => sum + number, 0);
					return [row.querySelector('th')?.textContent.trim(), cents];
				})
			)
			.then((rows) => rows.filter(([, number]) => number !== 0));

	it('is the viewer’s at first and another one by choice, in the address, with days that begin and end in it, 25 hours too', async () => {
		const { address } = room();
		const events = MOMENTS.flatMap((moment, index) => {
			const told = (type: string, data: object) => ({
				type, sessionId: `dst-${index}`, shopDomain: 'dst.example', timestamp: `2026-10-${moment}:00Z`, data
			}); // prettier-ignore
			return [
				told('session_started', {}),
				told('error', { errorCode: 'CLOCK' }),
				told('ai_request', { requestId: `dst-${index}`, status: 'success', costUsd: 1 }),
				told('session_ended', { status: 'completed' })
			];
		});
		await post(address, events);
		const range = 'from=2026-10-14&to=2026-11-05';
		const page = await openPage(`${address}/shops/dst.example?${range}`, { ...DESK, timezoneId: 'Europe/Berlin' });
		const zone = page.getByLabel('Time zone');
		await expect.poll(() => zone.inputValue()).toBe('Europe/Berlin');
		await expect.poll(() => days(page)).toEqual(DAYS['Europe/Berlin']);
		for (const path of ['/errors?shop=dst.example&', '/costs?shop=dst.example&']) {
			await page.goto(`${address}${path}${range}`);
			expect([path, await days(page)]).toEqual([path, DAYS['Europe/Berlin']]);
		}

		await page.goto(`${address}/shops/dst.example?${range}`);
		await expectLive(page);
		for (const name of ['UTC', 'America/New_York']) {
			await zone.focus();
			await zone.selectOption(name);
			await page.waitForURL((url) => url.searchParams.get('tz') === name);
			await expect.poll(() => days(page)).toEqual(DAYS[name]);
		}
		await page.goBack();
		await page.goBack();
		await expect.poll(() => days(page)).toEqual(DAYS['Europe/Berlin']);
		expect(await zone.inputValue()).toBe('Europe/Berlin');

		// The long day opens as a whole.
		await page.locator('figure').first().locator('summary').click();
		await page.getByRole('row', { name: /Sun, 25 Oct/ }).getByRole('link', { name: '4' }).first().click();
		const longDay = '**/sessions?**from=2026-10-24T22:00:00.000Z&to=2026-10-25T23:00:00.000Z**';
		await page.waitForURL(longDay);
		await expect.poll(() => page.getByRole('heading', { level: 2 }).innerText()).toBe('4 sessions');

		// So does its bar: the 12th of 23.
		await page.goBack();
		const canvas = page.locator('figure canvas').first();
		const isDrawn = () => canvas.evaluate((one: HTMLCanvasElement) => one.width > 0 && one.getContext('2d')?.getImageData(0, 0, one.width, one.height).data.some(Boolean));
		await expect.poll(isDrawn).toBe(true);
		const [width, height] = await canvas.evaluate((one) => [one.clientWidth, one.clientHeight] as const);
		await canvas.click({ position: { x: width / 2 + 24, y: height / 2 } });
		await page.waitForURL(longDay);
		await expect.poll(() => page.getByRole('heading', { level: 2 }).innerText()).toBe('4 sessions');
	}); // prettier-ignore
});

describe('a page that has nothing to show', () => {
	const EMPTY: [path: string, says: string][] = [
		['/sessions', 'No sessions yet'],
		['/errors', 'No errors yet'],
		['/errors?view=list', 'No errors yet'],
		['/costs', 'No AI requests yet'],
		['/costs/requests', 'No AI requests yet'],
		['/analytics', 'No events yet'],
		['/journey', 'No sessions yet'],
		['/shops', 'No shops yet'],
		['/setup', 'No set-ups yet']
	];

	it('says that nothing has come yet, with a line for a terminal, in light and in dark, on a phone', async () => {
		const own = await testDatabase();
		onTestFinished(() => own.drop());
		const { address } = await startProcess({ DATABASE_URL: own.url, PORT: '0' });
		const page = await openPage('about:blank', { ...DESK, javaScriptEnabled: false });
		for (const [path, says] of EMPTY) {
			await page.goto(address + path);
			const text = await page.getByRole('main').innerText();
			expect([path, text]).toEqual([path, expect.stringMatching(new RegExp(`${says}[^]*curl`))]);
		}
		const phone = await openPage('about:blank', { viewport: { width: 390, height: 844 } });
		const others = [['/'], ['/costs/prices'], ['/system'], ['/search?q=nothing']] as const;
		for (const [index, [path]] of [...EMPTY, ...others].entries()) {
			await phone.emulateMedia({ colorScheme: index % 2 ? 'dark' : 'light' });
			await phone.goto(address + path);
			expect([path, await axeFindings(phone)]).toEqual([path, []]);
			expect([path, await phone.evaluate(() => document.documentElement.scrollWidth)]).toEqual([path, 390]);
		}
	});

	it('says that nothing matches, and how to see something', async () => {
		const { address } = room();
		const page = await openPage('about:blank', { ...DESK, javaScriptEnabled: false });
		for (const [path] of EMPTY) {
			const filter = path === '/shops' || path === '/sessions' ? 'q=nowhere' : 'shop=nowhere.example';
			await page.goto(`${address}${path}${path.includes('?') ? '&' : '?'}${filter}`);
			expect([path, await page.getByText(/No .* match these filters/).count()]).toEqual([path, 1]);
			await page.getByRole('link', { name: 'Clear filters' }).click();
			await page.waitForURL(address + path);
			expect([path, await page.getByText(/No .* match these filters/).count()]).toEqual([path, 0]);
		}
	});

	it('says that it failed, with an id, and comes when it is asked for again', async () => {
		const { address } = room();
		const TABLES = ['sessions', 'shops', 'session_tallies', 'error_groups', 'rejected_events', 'event_tallies', 'ai_requests', 'product_setups'];
		const rename = (from: string, to: string) =>
			Promise.all(TABLES.map((table) => database.sql.unsafe(`alter table ${table + from} rename to ${table + to}`)));
		const page = await openPage('about:blank', { ...DESK, javaScriptEnabled: false });
		for (const path of [...EMPTY.map(([one]) => one), '/shops/busy.example', '/system']) {
			await rename('', '_away');
			const answer = await page.goto(address + path).finally(() => rename('_away', ''));
			expect([path, answer?.status()]).toEqual([path, 500]);
			expect(await page.getByRole('main').innerText()).toMatch(/can’t be shown now[^]*Error id: [0-9a-f]{8}/);
			expect(await page.title()).toBe('This page can’t be shown now · Control Room');
			await page.getByRole('link', { name: 'Retry' }).click();
			await page.waitForURL(address + path);
			expect(await page.getByRole('navigation', { name: 'Main' }).count()).toBe(1);
		}
	}); // prettier-ignore

	it('says what an address asks for wrongly or in vain, and leads to the same without it', async () => {
		const { address } = room();
		const page = await openPage('about:blank', { ...DESK, javaScriptEnabled: false });
		for (const [path, says, way, to] of [
			['/sessions?status=completed&cursor=nowhere', 'place in the list', 'The first page of this list', '/sessions?status=completed'],
			['/errors?severity=critical&from=2026-11-20&to=2026-11-10&tz=UTC', 'begin before it ends', 'The usual range', '/errors?severity=critical&tz=UTC'],
			['/journey?device=mobile&tz=Mars/Base', 'a name such as', 'Your own time zone', '/journey?device=mobile'],
			['/sessions?cost_over=much&shop=busy.example', 'a number such as', 'The same without this filter', '/sessions?shop=busy.example'],
			['/shops/nowhere.example?from=now-24h', 'No event has named this shop', 'Shops', '/shops?from=now-24h'],
			[`/errors/${'0'.repeat(32)}?tz=UTC`, 'No error of this group', 'Errors', '/errors?tz=UTC']
		] as const) {
			await page.goto(address + path);
			expect([path, await page.getByRole('main').innerText()]).toEqual([path, expect.stringContaining(says)]);
			await page.getByRole('link', { name: way, exact: true }).click();
			await page.waitForURL(address + to);
			expect(await page.getByRole('navigation', { name: 'Main' }).count()).toBe(1);
		}
	}); // prettier-ignore

	it('keeps what is shown while the next page is on its way, and says that it loads', async () => {
		const { address } = room();
		const page = await openPage(`${address}/shops?tz=UTC`, DESK);
		await expectLive(page);
		let answer = (): void => undefined;
		const wait = new Promise<void>((resolve) => (answer = resolve));
		await page.route('**/journey/__data.json*', async (route) => {
			await wait;
			await route.continue();
		});
		await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Journey' }).click();
		await page.getByRole('status').filter({ hasText: 'Loading…' }).waitFor();
		expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Shops');
		answer();
		await page.getByRole('heading', { level: 1, name: 'Journey' }).waitFor();
		expect(await region(page, 'The funnel').count()).toBe(1);
		await page.getByText('Loading…').waitFor({ state: 'detached' });
	});
});
