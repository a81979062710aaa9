/**
 * The pictures of the pages in docs/pages, drawn by a browser from the running product on a simulated history:
 * `npm run build && PICTURES=1 npx vitest run tests/e2e/pictures.test.ts`. Skipped otherwise.
 */
import { expect, it, onTestFinished } from 'vitest';
import { namesIn } from '../bench/pages';
import { useBrowser } from '../support/browser';
import { databaseWithHistory } from '../support/history';
import { startProcess } from '../support/process';
import { expectLive } from '../support/wall';

const HISTORY = { seed: 'pictures', shops: 14, events: 60_000, spanMs: 14 * 86_400_000 };
const DARK = ['journey', 'error-group'];

const openPage = useBrowser();

it.runIf(process.env['PICTURES'])('draws docs/pages when PICTURES is set', { timeout: 300_000 }, async () => {
	const database = await databaseWithHistory(HISTORY);
	onTestFinished(() => database.drop());
	const { session, group } = await namesIn(database.sql);
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
		setup: '/setup?from=now-14d',
		system: '/system'
	};
	const page = await openPage('about:blank', { viewport: { width: 1440, height: 900 }, timezoneId: 'UTC' });
	for (const [name, path] of Object.entries(addresses)) {
		await page.emulateMedia({ colorScheme: DARK.includes(name) ? 'dark' : 'light', reducedMotion: 'reduce' });
		await page.goto(address + path);
		await expectLive(page);
		await page.evaluate(() => document.fonts.ready);
		expect((await page.screenshot({ path: `docs/pages/${name}.png` })).length).toBeLessThan(250_000);
	}
});
