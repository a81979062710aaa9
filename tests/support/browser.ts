/** A real Chromium for a test file. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { launchChromium } from './chromium';

/** Opens a page in a context of its own; it is closed after the test, which fails if a script of the page has failed. */
export type OpenPage = (url: string, options?: BrowserContextOptions) => Promise<Page>;

/** One browser for the tests of a file. Call it at the top of the file. */
export function useBrowser(): OpenPage {
	let browser: Browser;
	beforeAll(async () => {
		browser = await launchChromium();
	});
	afterAll(() => browser.close());
	return async (url, options) => {
		const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, ...options });
		const faults: string[] = [];
		onTestFinished(async () => {
			await context.close();
			expect(faults).toEqual([]);
		});
		context.on('weberror', (fault) => faults.push(fault.error().stack ?? String(fault.error())));
		// A loaded machine is no reason to fail; the test's own time limit stands.
		context.setDefaultTimeout(30_000);
		const page = await context.newPage();
		await page.goto(url);
		return page;
	};
}
