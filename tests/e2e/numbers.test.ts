/** Every number of the drill-down pages opens exactly the rows that it counts, with JavaScript and without. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBrowser } from '../support/browser';
import { countsOn, openedOn, send, type Counted, type Sent } from '../support/counted';
import { testDatabase, type TestDatabase } from '../support/database';
import { everything, REJECTED } from '../support/everything';
import { useProcess } from '../support/process';
import { numberIn } from '../support/screens';
import { expectLive } from '../support/wall';

const openPage = useBrowser();
/** A page of the longest list. */
const PAGE = 50;

let database: TestDatabase;
afterAll(() => database.drop());
const room = useProcess(async () => {
	database = await testDatabase();
	return { DATABASE_URL: database.url, PORT: '0' };
});
let pages: string[] = [];
beforeAll(async () => {
	const events = [...everything(), ...REJECTED];
	const body = JSON.stringify({ events });
	const answer = await fetch(`${room().address}/api/analytics/events`, { method: 'POST', body });
	expect(await answer.json()).toMatchObject({ accepted: everything().length });
	const [group] = await database.sql<{ group: string }[]>`
		select group_key as group from error_groups order by error_count desc limit 1`;
	// One that stands: the end of the last bucket would else move with every read.
	const [from, to] = [-7 * 24, 1].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString());
	const range = `tz=UTC&from=${from}&to=${to}`;
	pages = [
		`/sessions?${range}`,
		`/errors?${range}`,
		`/errors?${range}&view=list`,
		`/errors/${group?.group}?${range}`,
		`/costs?${range}`,
		`/costs/requests?${range}`,
		`/analytics?${range}&field=status`,
		`/analytics?${range}&type=ping&field=status&shop=busy.example`,
		`/journey?${range}`,
		`/journey?${range}&device=mobile`,
		`/shops?${range}`,
		`/shops/busy.example?${range}`,
		`/setup?${range}`,
		`/setup?${range}&state=abandoned`,
		`/system?${range}`
	];
});

/** Counts of what has no rows anywhere, or none that a list can be narrowed to. */
const OPENS_NOTHING = [
	// Of one product, and of all time.
	/ \/ (Times begun|Images)$/,
	// Of the database and the archive themselves.
	/^Database .* \/ (Rows, about|Size)$/,
	/^Archive \/ /
];

/** Some of the rows that a session's page has in one list: those of one group, and those made once more. */
const OF_A_LIST = /^Sessions \/ Such errors ever$|^Dearest sessions \/ Regenerated$/;

/** The first number of each place leads there by a click; of the others only the address is followed. */
function oneOfEachPlace(counts: readonly Counted[], seen: Set<string>): Counted[] {
	return counts.filter(({ href, place }) => {
		if (href === null || seen.has(place)) return false;
		seen.add(place);
		return true;
	});
}

/** What does not agree; '' where it does. */
async function disagreement(page: Page, { text, place, href }: Counted, sent: Sent | null = null): Promise<string> {
	const opened = await openedOn(page, place.endsWith(' / Groups'), sent);
	const { count, cost, rows } = opened;
	const what = `${place}: ${text} opens ${JSON.stringify(opened)} at ${href}`;
	if (text.startsWith('$')) {
		// A mean opens the sessions that it is of.
		if (place.includes(' / Per ')) return rows !== null && rows > 0 ? '' : what;
		return cost !== '' && Math.abs(numberIn(text) - numberIn(cost)) < 0.005 ? '' : what;
	}
	if (count === null) return `${what}, which does not say how many it has`;
	if (OF_A_LIST.test(place)) return rows !== null && rows >= numberIn(text) ? '' : what;
	const isListed = rows === null || rows === Math.min(numberIn(text), PAGE);
	return numberIn(count) === numberIn(text) && isListed ? '' : what;
}

describe('the numbers of every page', () => {
	it('open as many rows as they count, without JavaScript', async () => {
		const { address } = room();
		const reader = await openPage('about:blank');
		const followed = new Set<string>();
		const found: string[] = [];
		let zeros = 0;
		for (const path of pages) {
			const counts = await countsOn(reader, await send(address + path));
			expect({ path, numbers: counts.length > 0 || path.startsWith('/system') }).toEqual({ path, numbers: true });
			for (const counted of counts) {
				if (counted.href === null || followed.has(`${counted.text} ${counted.href}`)) continue;
				if (counted.text === '0' && ++zeros > 20) continue;
				followed.add(`${counted.text} ${counted.href}`);
				const sent = await send(new URL(counted.href, address + path).href);
				const fault = await disagreement(reader, counted, sent);
				if (fault !== '') found.push(`${path} ${fault}`);
			}
		}
		expect(found).toEqual([]);
		expect(followed.size).toBeGreaterThan(100);
	});

	it('are links, but for those that count what has no rows', async () => {
		const { address } = room();
		const reader = await openPage('about:blank');
		const found = new Set<string>();
		for (const path of pages) {
			for (const { href, place } of await countsOn(reader, await send(address + path))) {
				if (href === null && !OPENS_NOTHING.some((one) => one.test(place))) found.add(`${path.split('?')[0]} ${place}`);
			}
		}
		expect([...found]).toEqual([]);
	});

	it('are opened by a click, and Back returns to the page that they stand on', async () => {
		const { address } = room();
		const page = await openPage(`${address}/shops`);
		const seen = new Set<string>();
		let clicked = 0;
		for (const path of pages) {
			await page.goto(address + path);
			await expectLive(page);
			const heading = () => page.getByRole('heading', { level: 1 }).innerText();
			const before = await heading();
			const hrefs = async () => (await countsOn(page)).map(({ href }) => href);
			const links = await hrefs();
			for (const counted of oneOfEachPlace(await countsOn(page), seen)) {
				const named = page.locator(`a[href="${counted.href}"]`).filter({ hasText: counted.text });
				const link = page.locator('main section').locator(named).first();
				await link.waitFor({ state: 'attached' });
				const table = page.locator('details:not([open])').filter({ has: named });
				if (!(await link.isVisible())) await table.locator('summary').first().click();
				await link.click();
				clicked++;
				const target = new URL(counted.href ?? '', address + path);
				await page.waitForURL(target.href);
				await expect.poll(() => disagreement(page, counted)).toBe('');
				if (target.href === address + path) continue;
				// SvelteKit puts the focus to the place that an address names a task later, by replacing the address once more.
				await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
				await page.goBack();
				await page.waitForURL(address + path);
				await expect.poll(heading).toBe(before);
				// The address is the old one before what it shows is, and another page may have the same heading.
				await expect.poll(hrefs).toEqual(links);
			}
		}
		expect(clicked).toBeGreaterThan(40);
	});
});
