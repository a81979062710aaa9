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

/** How wide the demo is on its picture, and how wide the wall; both as high. */
const [SHOP, WALL, TALL] = [1360, 1600, 960];
/** Of the picture of both, beside each other on paper. */
const SCALE = 0.6;
const GAP = 12;

/** Draws docs/demo-and-wall.png and docs/lane.png. */
export async function drawPictures(shop: Page, address: string): Promise<void> {
	await postOthers(address);
	await shop.setViewportSize({ width: SHOP, height: TALL });
	const wall = await shop.context().newPage();
	await wall.setViewportSize({ width: WALL, height: TALL });
	await wall.goto(`${address}/?kiosk=1`);
	const lanes = await shop.context().newPage();
	await lanes.setViewportSize({ width: 1920, height: 1080 });
	await lanes.goto(address);
	await expectLive(lanes);

	const frames: { said: string; picture: Buffer }[] = [];
	const take = async (said: string, shows: RegExp): Promise<void> => {
		const lane = region(lanes, 'Active sessions').getByRole('link').filter({ hasText: 'Halden' });
		await expect.poll(() => lane.ariaSnapshot()).toMatch(shows);
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
	await shop.mouse.move(0, 0);
	const both = [await shop.screenshot(), await wall.screenshot()];
	await press(shop, 'That’s the place');
	await take('The result is shown', /running Final/);

	// No page of the product stands in a frame, so the pictures are put together, on a page without the product's policy.
	const paper = await shop.context().newPage();
	await paper.setViewportSize({ width: Math.round((SHOP + WALL) * SCALE) + 3 * GAP, height: TALL * SCALE + 2 * GAP });
	await paper.setContent(bothHtml(both));
	await paper.screenshot({ path: 'docs/demo-and-wall.png' });
	await paper.setViewportSize({ width: 1200, height: 400 });
	await paper.setContent(stripHtml(frames));
	await writeFile('docs/lane.png', await paper.locator('ol').screenshot());
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

function bothHtml(pictures: Buffer[]): string {
	const images = pictures.map((picture) => `<img src="data:image/png;base64,${picture.toString('base64')}">`);
	return `<!doctype html>
		<style>
			body { ${PAPER}; display: flex; gap: ${GAP}px; padding: ${GAP}px }
			img { height: ${TALL * SCALE}px; border-radius: 10px }
		</style>
		${images.join('')}`;
}

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
