/** A real Chromium for a test file. */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { launchChromium } from './chromium';

/** Opens a page in a context of its own; it is closed after the test, which fails if a script of the page has failed or its policy was violated. */
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
		const faults = await faultsOf(context);
		onTestFinished(async () => {
			await context.close();
			expect(faults).toEqual([]);
		});
		// A loaded machine is no reason to fail; the test's own time limit stands.
		context.setDefaultTimeout(60_000);
		const page = await context.newPage();
		await page.goto(url);
		return page;
	};
}

/** Notes what goes wrong in pages that are opened from now on. @returns the list that it is added to */
export async function faultsOf(context: BrowserContext): Promise<string[]> {
	const faults: string[] = [];
	context.on('weberror', (fault) => faults.push(fault.error().stack ?? String(fault.error())));
	// What a page's own policy forbids is a fault of the page, or markup of somebody else's that would have run.
	await context.addInitScript(() => {
		addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) => {
			throw new Error(`${location.href} violates ${violatedDirective}: ${blockedURI} ${sourceFile}`);
		});
	});
	return faults;
}
