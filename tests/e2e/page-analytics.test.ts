/** The page about events, in the real process and a real browser. */
import { describe, expect, it } from 'vitest';
import { axeFindings } from '../support/axe';
import { useBrowser } from '../support/browser';
import { post, startRoom } from '../support/room';
import { expectLive } from '../support/wall';

declare global {
	interface Window {
		/** Where the bars of a chart have been. */
		places: string[];
	}
}

const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 50 };

async function looksRight(url: string): Promise<void> {
	for (const colorScheme of ['light', 'dark'] as const) {
		const page = await openPage(url, { colorScheme, viewport: { width: 390, height: 844 } });
		expect(await axeFindings(page)).toEqual([]);
		expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
	}
}

const ODD = { note: '<img src=x onerror=alert(1)>', rtl: 'שלום', emoji: '🛋️', a: { b: 'deep' } };

describe('the page about events', () => {
	it('says what to do while nothing has come, and shows the first event without a reload', async () => {
		const { address } = await startRoom();
		const page = await openPage(`${address}/analytics`);
		await page.getByText('No events yet.').waitFor();
		await expectLive(page);
		await post(address, [{ type: 'naïve <b>', shopDomain: 'a.example', sessionId: 's/1', data: ODD }]);
		const log = page.getByRole('region', { name: 'Event log' });
		await expect.poll(() => log.innerText(), PATIENCE).toContain('naïve <b>');
		await log.locator('summary').first().press('Enter');
		await expect.poll(() => log.innerText(), PATIENCE).toContain('"b": "deep"');
		expect(await log.getByRole('link', { name: 's/1' }).getAttribute('href')).toBe('/sessions/s%2F1');

		await post(address, [{ type: 'second', shopDomain: 'a.example', data: {} }]);
		await page.getByRole('button', { name: 'Show 1 new event' }).click();
		await expect.poll(() => log.locator('summary').count(), PATIENCE).toBe(2);
	});

	it('is filtered by links that open what they count, Back restores it, and CSV and API have the same rows', async () => {
		const { address } = await startRoom();
		const many = Array.from({ length: 130 }, (_, index) => ({
			id: `e${index}`,
			type: index % 2 ? 'ping' : 'error',
			shopDomain: index % 3 ? 'a.example' : null,
			data: { ...ODD, status: index % 5 ? 'ok' : 'failed' }
		}));
		await post(address, many);
		const page = await openPage(`${address}/analytics`);
		await page.getByRole('region', { name: 'Types of events' }).getByRole('link', { name: 'ping' }).click();
		// The links of the page that is left are still there for a moment, and lead elsewhere.
		const status = page.getByRole('list', { name: 'Fields' }).getByRole('link', { name: 'status' });
		await status.and(page.locator('[href*="type=ping"]')).click();
		const values = page.getByRole('region', { name: 'Values of the field' });
		await values.getByRole('row', { name: /failed/ }).waitFor();
		expect((await values.getByRole('row', { name: /failed/ }).innerText()).replace(/\s+/g, ' ')).toContain('failed 13');
		const ofField = `${address}/api/v1/events/values${new URL(page.url()).search}`;
		expect(await (await fetch(ofField)).json()).toEqual({
			sampled: 65,
			since: null,
			distinct: 2,
			values: [
				{ value: 'ok', events: 52 },
				{ value: 'failed', events: 13 }
			]
		});
		expect(await (await fetch(`${ofField}&format=csv`)).text()).toBe('value,events\r\nok,52\r\nfailed,13\r\n');
		await values.getByRole('link', { name: 'failed' }).click();
		await page.getByText('1–13 of 13 events').waitFor();
		const query = new URL(page.url()).search;
		const list = (await (await fetch(`${address}/api/v1/events${query}`)).json()) as {
			count: number;
			rows: { id: string }[];
		};
		expect(list.count).toBe(13);
		const csv = await (await fetch(`${address}/api/v1/events${query}&format=csv`)).text();
		expect(
			csv
				.trim()
				.split('\r\n')
				.slice(1)
				.map((line) => line.split(',', 1)[0])
		).toEqual(list.rows.map(({ id }) => id));
		await page.goBack();
		await page.getByText('1–50 of 65 events').waitFor();
		await looksRight(`${address}/analytics${query}`);
	});

	it('opens from its chart the events of each type and of all other types, and goes on so within those', async () => {
		const { address } = await startRoom();
		const types = Array.from({ length: 14 }, (_, n) => `type_${String.fromCharCode(97 + n)}`);
		// What an address could not name by itself.
		const odd = ['one, two', '-minus'];
		const many = [...types, ...odd].flatMap((type, place) =>
			Array.from({ length: 20 - place }, (_, n) => ({ id: `${type} ${n}`, type, shopDomain: 'a.example', data: {} }))
		);
		await post(address, many);
		const range = `from=${new Date(Date.now() - 3_600_000).toISOString()}&to=${new Date(Date.now() + 3_600_000).toISOString()}`;
		const page = await openPage('about:blank', { javaScriptEnabled: false });
		const links = () =>
			page.locator('main figure').evaluate((figure) => {
				const names = [...figure.querySelectorAll('thead th')].map((cell) => cell.textContent.trim());
				const legend = [...figure.querySelectorAll<HTMLAnchorElement>('figcaption a')].map(({ textContent, href }) => ({ name: textContent, href, number: null }));
				const cells = [...figure.querySelectorAll<HTMLAnchorElement>('td a')].map((link) => {
					const row = [...(link.closest('tr')?.children ?? [])];
					return { name: names[row.findIndex((cell) => cell.contains(link))] ?? '', href: link.href, number: Number(link.textContent) };
				});
				return { legend, cells };
			});
		const opened = async () => Number(/ of (\d+) events/.exec(await page.getByRole('main').innerText())?.[1]);
		let path = `/analytics?tz=UTC&${range}`;
		let followed = 0;
		for (const others of ['11 other types', '6 other types']) {
			await page.goto(address + path);
			const { legend, cells } = await links();
			expect(legend.map(({ name }) => name)).toContain(others);
			expect(legend).toHaveLength(6);
			const sums = new Map(cells.map(({ href, number }) => [href, number]));
			for (const { name, href, number } of [...cells, ...legend]) {
				await page.goto(href);
				expect([name, href, await opened()]).toEqual([name, href, number ?? sums.get(href)]);
				followed++;
			}
			path = legend.at(-1)?.href.slice(address.length) ?? '';
		}
		expect(followed).toBeGreaterThan(30);
		await page.goto(address + path);
		expect((await links()).legend.map(({ name }) => name)).toEqual(types.slice(10, 14));
		expect(await page.getByRole('list', { name: 'Active filters' }).innerText()).toContain('Type: not type_a');

		await page.goto(`${address}/analytics?tz=UTC&${range}`);
		await page.getByRole('region', { name: 'Types of events' }).getByRole('link', { name: 'type_c' }).click();
		await page.getByText('1–18 of 18 events').waitFor();
		expect(await page.getByRole('region', { name: 'Types of events' }).getByRole('link', { name: '-minus' }).count()).toBe(0);
	}); // prettier-ignore

	it('lets the bars of its chart grow where they stand', async () => {
		const { address } = await startRoom();
		const send = (from: number, count: number) =>
			post(
				address,
				Array.from({ length: count }, (_, n) => ({ id: `grown ${from + n}`, type: 'ping', shopDomain: 'a.example', data: {} }))
			);
		await send(0, 3);
		// The first of its bars, which gives way most to what stands beside the axis. Each is a month: what is sent later than
		// the first must not begin a bar of its own.
		const [from, to] = [-60_000, 900 * 86_400_000].map((ms) => new Date(Date.now() + ms).toISOString());
		const page = await openPage(address, { viewport: { width: 1440, height: 900 } });
		// A first visit may go without the typeface, which is wider than its stand-in when it comes.
		await page.evaluate(() => document.fonts.load('1em "Inter Variable"'));
		await page.goto(`${address}/analytics?tz=UTC&from=${from}&to=${to}`);
		await expectLive(page);
		// Notes on each frame from where to where there is paint of the series, when it is elsewhere than on the frame before.
		await page.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
			const places: string[] = (window.places = []);
			const look = () => {
				const { width, height } = canvas;
				const pixels = canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? new Uint8ClampedArray();
				let [left, right] = [width, -1];
				for (let at = 0; at < pixels.length; at += 4) {
					if ((pixels[at + 2] ?? 0) - (pixels[at] ?? 0) < 60 || (pixels[at + 3] ?? 0) < 50) continue;
					const x = (at / 4) % width;
					if (x < left) left = x;
					if (x > right) right = x;
				}
				if (right >= 0 && places.at(-1) !== `${left}–${right}`) places.push(`${left}–${right}`);
				requestAnimationFrame(look);
			};
			look();
		});
		const places = () => page.evaluate(() => window.places);
		await expect.poll(async () => (await places()).length, PATIENCE).toBe(1);
		// What 1,203 is called is longer than what 3 is.
		await send(3, 600);
		await send(603, 600);
		await page.getByRole('img', { name: /1,203/ }).or(page.getByText('1,203', { exact: true })).first().waitFor({ state: 'attached' });
		// Until all movement is over: ten frames are alike.
		await page.locator('canvas').evaluate(async (canvas: HTMLCanvasElement) => {
			for (let [alike, before] = [0, '']; alike < 10; ) {
				await new Promise(requestAnimationFrame);
				const now = canvas.toDataURL();
				alike = now === before ? alike + 1 : 0;
				before = now;
			}
		});
		expect(await places()).toHaveLength(1);
	}); // prettier-ignore

	it('works without JavaScript, page by page, and refuses what it cannot read', async () => {
		const { address } = await startRoom();
		await post(
			address,
			Array.from({ length: 70 }, (_, index) => ({ id: `e${index}`, type: 'ping', data: ODD }))
		);
		const page = await openPage(`${address}/analytics?type=ping`, { javaScriptEnabled: false });
		expect(await page.getByRole('region', { name: 'Event log' }).locator('summary').count()).toBe(50);
		await page.getByRole('link', { name: 'Older' }).click();
		await expect
			.poll(() => page.getByRole('region', { name: 'Event log' }).locator('summary').count(), PATIENCE)
			.toBe(20);
		expect((await fetch(`${address}/analytics?cursor=nowhere`)).status).toBe(400);
	});
});
