/**
 * The README's pictures of the demo: it beside the wall, and its lane from step to step. Drawn by the browser from the
 * running product: `npm run build && PICTURES=1 npx vitest run tests/e2e/demo.test.ts -t pictures`.
 */
import { writeFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { press, toEmptied, toMask } from './demo';
import { visit } from './shop';
import { expectLive, region } from './wall';

/** Both pages side by side, on paper. */
export const BOTH = { width: 1812, height: 600 } as const;
const SCALE = 0.6;
/** The pages' own sizes, before they are scaled. */
const [SHOP, WALL, TALL] = [1360, 1600, 960];

/** Draws docs/demo-and-wall.png and docs/lane.png. */
export async function drawPictures(page: Page, address: string): Promise<void> {
	await postOthers(address);
	await page.route('**/both', (route) => route.fulfill({ contentType: 'text/html', body: BOTH_HTML }));
	await page.goto(`${address}/both`);
	const [shop, wall] = [page.frame('shop'), page.frame('wall')];
	if (!shop || !wall) throw new Error('a frame is missing');
	const lanes = await page.context().newPage();
	await lanes.setViewportSize({ width: 1920, height: 1080 });
	await lanes.goto(address);
	await expectLive(lanes);

	const frames: { said: string; picture: Buffer }[] = [];
	const take = async (said: string, shows: RegExp): Promise<void> => {
		const lane = region(lanes, 'Active sessions').getByRole('link').filter({ hasText: 'Halden' });
		await expect.poll(() => lane.ariaSnapshot(), { timeout: 20_000 }).toMatch(shows);
		// What has just changed is lit for a moment.
		await lanes.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
		frames.push({ said, picture: await lane.screenshot() });
	};
	await toMask(shop);
	await take('The photo is taken; the shopper marks what should go', /running Mask/);
	await toEmptied(shop);
	await take('The spot is being emptied', /running Inpaint/);
	await press(shop, 'Let this step fail');
	await take('“Let this step fail”', /Inpaint failed/);
	await press(shop, 'Try this step again', 'Place the sideboard');
	await shop.getByRole('slider', { name: 'Size' }).fill('0.56');
	await take('Tried again; now the sideboard is placed', /running Placement/);
	await expect.poll(() => wall.getByText('Halden walnut sideboard').count()).toBeGreaterThan(0);
	await page.mouse.move(0, 0);
	await page.screenshot({ path: 'docs/demo-and-wall.png' });
	await press(shop, 'That’s the place');
	await take('The result is shown', /running Final/);

	await lanes.setViewportSize({ width: 1200, height: 400 });
	await lanes.setContent(stripHtml(frames));
	await writeFile('docs/lane.png', await lanes.locator('ol').screenshot());
}

/** Shoppers of other shops, so that the wall is not empty. */
async function postOthers(address: string): Promise<void> {
	const [oslo, verde, lumen] = [visit(), visit('casa-verde.myshopify.com'), visit('atelier-lumen.myshopify.com')];
	const events = [
		oslo.event('session_started', { productTitle: 'Oslo Sofa' }),
		oslo.step('room_capture', 'completed'),
		oslo.step('mask', 'started'),
		verde.event('session_started', { productTitle: 'Arc floor lamp' }),
		verde.step('room_capture', 'completed'),
		verde.step('mask', 'completed'),
		verde.step('inpaint', 'started'),
		lumen.event('session_started', { productTitle: 'Linen armchair' }),
		lumen.step('final', 'completed'),
		lumen.event('session_ended', { status: 'completed', durationMs: 48_000 })
	];
	const body = JSON.stringify({ events });
	expect((await fetch(`${address}/api/analytics/events`, { method: 'POST', body })).status).toBe(200);
}

const PAPER = 'margin: 0; background: #d9d5cb; font: 22px/1.4 "Inter Variable", sans-serif; color: #1d2127';

const BOTH_HTML = `<!doctype html>
	<title>The demo beside the wall</title>
	<style>
		body { ${PAPER}; position: relative; height: ${BOTH.height}px }
		iframe { position: absolute; top: 12px; height: ${TALL}px; border: 0; border-radius: 16px;
			transform: scale(${SCALE}); transform-origin: 0 0 }
	</style>
	<iframe name="shop" src="/demo" style="left: 12px; width: ${SHOP}px"></iframe>
	<iframe name="wall" src="/?kiosk=1" style="left: ${24 + SHOP * SCALE}px; width: ${WALL}px"></iframe>`;

function stripHtml(frames: { said: string; picture: Buffer }[]): string {
	const items = frames.map(
		({ said, picture }) => `<li>${said}<img src="data:image/png;base64,${picture.toString('base64')}"></li>`
	);
	return `<!doctype html>
		<style>
			body { ${PAPER} }
			ol { margin: 0; padding: 20px 24px 4px 60px; background: #f2f0eb; width: 1180px; box-sizing: border-box }
			li { margin-bottom: 14px }
			img { display: block; width: 100%; margin-top: 4px; border-radius: 10px }
		</style>
		<ol>${items.join('')}</ol>`;
}
