/**
 * The pictures of the wall and of the pages in docs, drawn by a browser from the running product, on a simulated history
 * and beside simulated shoppers:
 * `npm run build && PICTURES=1 npx vitest run tests/e2e/pictures.test.ts`. Skipped otherwise.
 */
import { expect, it, onTestFinished } from 'vitest';
import type { Sql } from '../../src/lib/server/db/connect';
import { runLive } from '../../src/simulate/live';
import { useBrowser } from '../support/browser';
import { databaseWithHistory, namesIn } from '../support/history';
import { startProcess } from '../support/process';
import { expectLive, region } from '../support/wall';

/** Shops of languages whose letters every machine has. */
const SHOPS = 7;
const HISTORY = { seed: 'pictures', shops: SHOPS, events: 60_000, spanMs: 14 * 86_400_000 };
/** Who is there while the wall is drawn: as many as it names the steps of, and time for some to have ended. */
const SHOPPERS = { seed: 'pictures', shops: SHOPS, sessionsPerMinute: 7, minutes: 10, speed: 1 };
const ACTIVE = 7;
const DARK = ['journey', 'error-group'];

const openPage = useBrowser();

it.runIf(process.env['PICTURES'])(
	'draws the wall and its pages when PICTURES is set',
	{ timeout: 900_000 },
	async () => {
		const database = await databaseWithHistory(HISTORY);
		onTestFinished(() => database.drop());
		const { group, shop } = await namesIn(database.sql);
		const session = await wholeSession(database.sql);
		const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
		const addresses = {
			sessions: '/sessions',
			session: `/sessions/${encodeURIComponent(session)}`,
			errors: '/errors?from=now-7d',
			'error-group': `/errors/${group}?from=now-14d`,
			costs: '/costs',
			analytics: '/analytics',
			journey: '/journey',
			shops: '/shops',
			shop: `/shops/${encodeURIComponent(shop)}`,
			setup: '/setup?from=now-14d',
			system: '/system'
		};
		const page = await openPage('about:blank', { viewport: { width: 1440, height: 900 }, timezoneId: 'UTC' });
		// A first visit may go without the typeface.
		await page.goto(address);
		await page.evaluate(() => document.fonts.load('1em "Inter Variable"'));
		for (const [name, path] of Object.entries(addresses)) {
			await page.emulateMedia({ colorScheme: DARK.includes(name) ? 'dark' : 'light', reducedMotion: 'reduce' });
			await page.goto(address + path);
			await expectLive(page);
			await page.evaluate(() => document.fonts.ready);
			expect((await page.screenshot({ path: `docs/pages/${name}.png` })).length).toBeLessThan(250_000);
		}

		const shoppers = new AbortController();
		const endpoint = `${address}/api/analytics/events`;
		const living = runLive({ ...SHOPPERS, endpoint }, { write: () => undefined, isTTY: false }, shoppers.signal);
		onTestFinished(async () => {
			shoppers.abort();
			await living;
		});
		await page.setViewportSize({ width: 1920, height: 1080 });
		await page.goto(`${address}/?kiosk=1`);
		const active = region(page, 'Active sessions').getByRole('listitem');
		const ended = region(page, 'Recent completions').getByText(/^(now|\d+ s ago)$/);
		await expect.poll(async () => (await ended.count()) >= 3 && (await active.count()) >= ACTIVE, { timeout: 400_000 }).toBe(true); // prettier-ignore
		expect((await page.screenshot({ path: 'docs/wall.png' })).length).toBeLessThan(500_000);
	}
);

/** The latest session that has completed each of its five steps. */
async function wholeSession(sql: Sql): Promise<string> {
	const [row] = await sql<{ id: string }[]>`
		select session_id as id
		from session_steps
		where status = 'completed'
		group by session_id
		having count(*) = 5
		order by max(completed_at) desc
		limit 1`;
	if (!row) throw new Error('nobody went all the way');
	return row.id;
}
