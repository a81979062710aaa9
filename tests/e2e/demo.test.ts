/**
 * The demo shop, in a real browser against the real process: what a shopper does there is in the log, event by event, and
 * on the wall; nothing of the photo is.
 */
import { describe, expect, it } from 'vitest';
import { axeFindings } from '../support/axe';
import { useBrowser } from '../support/browser';
import {
	button,
	colourAt,
	drag,
	expectTold,
	heading,
	pad,
	press,
	startRoom,
	toEmptied,
	told,
	toMask
} from '../support/demo';
import { drawPictures } from '../support/demo-pictures';
import { expectLive, region } from '../support/wall';

const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 25 };
/** Where the armchair is on the sample photo. */
const CHAIR: [x: number, y: number] = [0.5, 0.55];

/** The events up to the mask's start, by the sample photo. */
const BEGUN = [
	'ar_button_impression',
	'ar_button_click',
	'session_started',
	'step_update room_capture started',
	'step_update room_capture completed',
	'step_update mask started'
];
const EMPTIED = [
	'user_action mask mask_edit add',
	'step_update mask completed',
	'step_update inpaint started',
	'ai_request inpaint pending',
	'ai_request inpaint success'
];

describe('the demo shop', () => {
	it('tells of a whole visit what happened, in that order, and sends nothing of the photo', async () => {
		const { address, sql } = await startRoom();
		const page = await openPage(`${address}/demo`);
		const posts: { url: string; bytes: number }[] = [];
		page.on('request', (request) => {
			if (request.method() === 'GET') return;
			posts.push({ url: request.url(), bytes: request.postDataBuffer()?.length ?? 0 });
		});
		await press(
			page,
			'See it in your room',
			'Use the sample photo',
			'Retake',
			'Use the sample photo',
			'Use this photo'
		);
		await drag(page, [0.2, 0.3], [0.3, 0.3]);
		await press(page, 'Take back');
		await drag(page, [0.2, 0.3], [0.25, 0.3]);
		await press(page, 'Reset');
		const before = await colourAt(page, CHAIR);
		await toEmptied(page);
		expect(await colourAt(page, CHAIR)).not.toEqual(before);
		expect(await page.getByRole('main').innerText()).toMatch(/No AI is used here[^]*made-up cost/);
		await press(page, 'Redo the fill', 'Place the sideboard');
		await drag(page, [0.5, 0.7], [0.55, 0.72]);
		await page.getByRole('slider', { name: 'Size' }).fill('0.6');
		await page.getByRole('slider', { name: 'Turn' }).fill('2');
		await press(page, 'That’s the place', 'Zoom in');
		const [picture] = await Promise.all([page.waitForEvent('download'), press(page, 'Keep the picture')]);
		expect(picture.suggestedFilename()).toBe('my-room.png');
		await press(page, 'Add to cart');

		const events = [
			...BEGUN.slice(0, 4),
			'user_action room_capture retake_photo',
			...BEGUN.slice(4),
			'user_action mask mask_edit add',
			'user_action mask mask_edit remove',
			'user_action mask mask_edit reset',
			...EMPTIED,
			'regeneration_requested inpaint',
			'ai_request inpaint pending',
			'ai_request inpaint success',
			'step_update inpaint completed',
			'step_update placement started',
			'user_action placement placement_adjust move',
			'user_action placement placement_adjust scale',
			'user_action placement placement_adjust rotate',
			'step_update placement completed',
			'step_update final started',
			'user_action final zoom_in',
			'step_update final completed',
			'post_ar_action add_to_cart',
			'add_to_cart_from_ar',
			'session_ended completed'
		];
		await expectTold(sql, events);
		const [session] = await sql`
			select shop_domain, status, product_title, added_to_cart, post_ar_action, total_ai_cost::float8 as cost,
				regeneration_count, error_count, event_count
			from sessions`;
		expect(session).toMatchObject({
			shop_domain: 'demo.example',
			status: 'completed',
			product_title: 'Halden walnut sideboard',
			added_to_cart: true,
			post_ar_action: 'add_to_cart',
			cost: 0.08,
			regeneration_count: 1,
			error_count: 0,
			event_count: events.length - 2
		});
		const steps = await sql`
			select step, status, duration_ms > 0 as lasted, retake_count, mask_edit_count, auto_vs_manual,
				regeneration_count, placement_adjustments
			from session_steps order by started_at`;
		expect(steps).toMatchObject([
			{ step: 'room_capture', status: 'completed', lasted: true, retake_count: 1 },
			{ step: 'mask', status: 'completed', lasted: true, mask_edit_count: 4, auto_vs_manual: 'auto' },
			{ step: 'inpaint', status: 'completed', lasted: true, regeneration_count: 1 },
			{ step: 'placement', status: 'completed', lasted: true, placement_adjustments: 3 },
			{ step: 'final', status: 'completed', lasted: true }
		]);
		const requests = await sql`select distinct provider, model, status from ai_requests`;
		expect([...requests]).toEqual([{ provider: 'demo', model: 'canvas', status: 'success' }]);

		await expect
			.poll(() => page.getByRole('complementary').innerText(), PATIENCE)
			.toContain(`${events.length} committed, 0 in the queue`);
		expect(await page.getByRole('banner').innerText()).toMatch(/Cart\s*1/);
		expect([...new Set(posts.map(({ url }) => url))]).toEqual([`${address}/api/analytics/events`]);
		expect(Math.max(...posts.map(({ bytes }) => bytes))).toBeLessThan(10_000);
	});

	it('moves its lane on a wall beside it, and links to the session’s own page', async () => {
		const { address } = await startRoom();
		const page = await openPage(`${address}/demo`);
		const wall = await page.context().newPage();
		await wall.goto(address);
		await expectLive(wall);
		const lane = () => region(wall, 'Active sessions').getByRole('link').ariaSnapshot();
		await toMask(page);
		await expect.poll(lane, PATIENCE).toMatch(/Halden walnut sideboard[^]*demo\.example[^]*running Mask/);
		await toEmptied(page);
		await expect.poll(lane, PATIENCE).toMatch(/running Inpaint/);
		await press(page, 'Let this step fail');
		await expect.poll(lane, PATIENCE).toMatch(/failed Inpaint failed/);
		await press(page, 'Try this step again', 'Place the sideboard');
		await expect.poll(lane, PATIENCE).toMatch(/running Placement/);
		const [opened] = await Promise.all([
			page.context().waitForEvent('page'),
			page.getByRole('link', { name: 'This session’s page' }).click()
		]);
		await expect
			.poll(() => opened.getByRole('heading', { level: 1 }).innerText(), PATIENCE)
			.toContain('Halden walnut sideboard');
		await press(page, 'That’s the place', 'Continue browsing');
		const completions = region(wall, 'Recent completions').getByRole('listitem').getByRole('link');
		await expect
			.poll(() => completions.allInnerTexts(), PATIENCE)
			.toEqual([expect.stringMatching(/^\s*Completed\s+Halden walnut sideboard/)]);
	});

	it('tells of a failed step and of its second try, in each of the five', async () => {
		const { address, sql } = await startRoom();
		const page = await openPage(`${address}/demo`);
		await press(page, 'See it in your room', 'Let this step fail', 'Try this step again');
		await press(page, 'Use the sample photo', 'Use this photo', 'Let this step fail', 'Try this step again');
		await toEmptied(page);
		await press(page, 'Let this step fail', 'Try this step again', 'Place the sideboard');
		await press(page, 'Let this step fail', 'Try this step again', 'That’s the place');
		await press(page, 'Let this step fail', 'Try this step again', 'Continue browsing');
		const failed = (step: string, code: string) => [
			`error ${step} ${code}`,
			`step_update ${step} failed ${code}`,
			`step_update ${step} started`
		];
		await expectTold(sql, [
			...BEGUN.slice(0, 4),
			...failed('room_capture', 'CAMERA_LOST'),
			...BEGUN.slice(4),
			...failed('mask', 'MASK_LOST'),
			...EMPTIED,
			'ai_request inpaint pending',
			'ai_request inpaint failed',
			...failed('inpaint', 'INPAINT_TIMEOUT'),
			'ai_request inpaint pending',
			'ai_request inpaint success',
			'step_update inpaint completed',
			'step_update placement started',
			...failed('placement', 'MODEL_NOT_LOADED'),
			'step_update placement completed',
			'step_update final started',
			...failed('final', 'RENDER_FAILED'),
			'step_update final completed',
			'post_ar_action continue_browsing',
			'session_ended completed'
		]);
		const [session] = await sql`select status, error_count, steps_completed, added_to_cart from sessions`;
		expect(session).toMatchObject({ status: 'completed', error_count: 5, steps_completed: 5, added_to_cart: false });
	});

	it('is abandoned by the close button, by closing the tab in the middle of a fill, and by a look at another page', async () => {
		const { address, sql } = await startRoom();
		const page = await openPage(`${address}/demo`);
		const ends = async () => {
			const rows = await sql<{ status: string; step: string; reason: string }[]>`
				select status, abandonment_step as step, abandonment_reason as reason from sessions order by started_at`;
			return rows.map(({ status, step, reason }) => [status, step, reason]);
		};
		const closed = ['abandoned', 'mask', 'user_closed'];
		await toMask(page);
		await press(page, 'Close');
		await expect.poll(ends, PATIENCE).toEqual([closed]);
		expect(await button(page, 'See it in your room').evaluate((element) => element === document.activeElement)).toBe(
			true
		);

		await toMask(page);
		await page.getByRole('link', { name: 'The wall' }).evaluate((link) => link.removeAttribute('target'));
		await page.getByRole('link', { name: 'The wall' }).click();
		const left = ['abandoned', 'mask', 'left_page'];
		await expect.poll(ends, PATIENCE).toEqual([closed, left]);

		// Who comes back within the app gets the script tag anew, and the same client.
		await page.goBack();
		await toMask(page);
		await press(page, 'Mark the armchair for me', 'Remove what is marked');
		await page.close({ runBeforeUnload: true });
		await expect.poll(ends, PATIENCE).toEqual([closed, left, ['abandoned', 'inpaint', 'page_unload']]);
	});

	it('offers the sample photo when the camera is refused, or there is none', async () => {
		const { address, sql } = await startRoom();
		const page = await openPage(`${address}/demo`, { permissions: [] });
		await press(page, 'See it in your room', 'Use the camera');
		expect(await page.getByRole('alert').innerText()).toMatch(/The sample photo, or one of your own, does as well/);
		await press(page, 'Use the sample photo', 'Use this photo');
		await heading(page, 'Brush over what should go').waitFor();
		await expect
			.poll(() => told(sql), PATIENCE)
			.toEqual([
				...BEGUN.slice(0, 4),
				expect.stringMatching(/^error room_capture CAMERA_(DENIED|UNAVAILABLE)$/),
				...BEGUN.slice(4)
			]);
		const [error] = await sql`select severity, is_user_facing from errors`;
		expect(error).toMatchObject({ severity: 'warning', is_user_facing: true });
	});

	it('takes the photo that a camera shows, and lets go of the camera', async () => {
		const { address, sql } = await startRoom();
		const page = await openPage(`${address}/demo`);
		// This machine has no camera: a canvas gives the stream that one would give, all else is the browser's own.
		await page.evaluate(() => {
			const canvas = document.createElement('canvas');
			canvas.width = 640;
			canvas.height = 360;
			const context = canvas.getContext('2d');
			const paint = () => {
				if (!context) return;
				context.fillStyle = 'rgb(200, 30, 60)';
				context.fillRect(0, 0, 640, 360);
				requestAnimationFrame(paint);
			};
			paint();
			const stream = canvas.captureStream(30);
			Object.assign(window, { track: stream.getVideoTracks()[0] });
			navigator.mediaDevices.getUserMedia = () => Promise.resolve(stream);
		});
		await press(page, 'See it in your room', 'Use the camera', 'Take the photo');
		await heading(page, 'Is this a good photo?').waitFor();
		const [red = 0, green = 0] = await colourAt(page, [0.5, 0.5]);
		expect([red > 150, green < 90]).toEqual([true, true]);
		expect(await page.evaluate(() => (window as unknown as { track: MediaStreamTrack }).track.readyState)).toBe(
			'ended'
		);
		await press(page, 'Use this photo', 'Nothing to remove', 'That’s the place', 'Add to cart');
		await expect.poll(async () => (await told(sql)).at(-1), PATIENCE).toBe('session_ended completed');
		expect(await told(sql)).toEqual(
			expect.arrayContaining(['step_update mask skipped', 'step_update inpaint skipped'])
		);
	});

	it('takes a photo from a file, and says so when it is none', async () => {
		const { address } = await startRoom();
		const page = await openPage(`${address}/demo`);
		await press(page, 'See it in your room');
		await page.getByLabel('Choose a file').setInputFiles('README.md');
		await expect
			.poll(() => page.getByRole('alert').allInnerTexts(), PATIENCE)
			.toEqual([expect.stringMatching(/no picture/)]);
		await page.getByLabel('Choose a file').setInputFiles('docs/wall.png');
		await heading(page, 'Is this a good photo?').waitFor();
	});

	it('can be gone through by keys alone, without motion', async () => {
		const { address, sql } = await startRoom();
		const page = await openPage(`${address}/demo`, { reducedMotion: 'reduce' });
		const key = async (name: string, ...keys: string[]) => {
			await (name === 'picture' ? pad(page) : button(page, name)).focus();
			for (const one of keys) await page.keyboard.press(one);
		};
		for (const name of ['See it in your room', 'Use the sample photo', 'Use this photo']) {
			await button(page, name).waitFor();
			await key(name, 'Enter');
		}
		await pad(page).waitFor();
		expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Brush over what should go');
		await key('picture', 'ArrowDown', 'ArrowLeft', 'Space', 'ArrowRight', 'Space');
		await key('Remove what is marked', 'Enter');
		await heading(page, 'The spot is empty').waitFor();
		await key('Place the sideboard', 'Enter');
		await heading(page, 'Put it in its place').waitFor();
		await key('picture', 'ArrowUp', '+', 'r');
		await key('That’s the place', 'Enter');
		await heading(page, 'Your room, with it').waitFor();
		await key('Add to cart', 'Enter');
		await expect.poll(async () => (await told(sql)).at(-1), PATIENCE).toBe('session_ended completed');
		const actions = (await told(sql)).filter((event) => event.startsWith('user_action'));
		expect(actions).toEqual([
			'user_action mask mask_edit add',
			'user_action mask mask_edit add',
			'user_action placement placement_adjust move',
			'user_action placement placement_adjust scale',
			'user_action placement placement_adjust rotate'
		]);
	});

	it('tells of the button before the click, however quick the shopper was', async () => {
		const { address, sql } = await startRoom();
		const page = await openPage(`${address}/demo`);
		// A busy browser says what is in view only when it has drawn it: this one does when the visit has begun.
		await page.addInitScript(() => {
			const Observer = IntersectionObserver;
			window.IntersectionObserver = class extends Observer {
				override observe(target: Element): void {
					addEventListener('click', () => super.observe(target), { once: true });
				}
			};
		});
		await page.reload();
		await press(page, 'See it in your room', 'Close');
		await button(page, 'See it in your room').waitFor();
		await press(page, 'See it in your room');
		// The page that was loaded first may have told of the button as well.
		const events = async () => (await told(sql)).filter((event) => event.startsWith('ar_button')).slice(-3);
		await expect.poll(events, PATIENCE).toEqual(['ar_button_impression', 'ar_button_click', 'ar_button_click']);
	});

	it('is not there where it is switched off', async () => {
		const { address } = await startRoom({ DEMO: '0' });
		expect((await fetch(`${address}/demo`)).status).toBe(404);
		const page = await openPage(`${address}/demo`);
		expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('There is no such page');
	});

	it.runIf(process.env['PICTURES'])('is on the README’s pictures, drawn anew when PICTURES is set', async () => {
		const { address } = await startRoom();
		await drawPictures(await openPage(`${address}/demo`), address);
	});

	it.each([
		['light', 1440],
		['dark', 390]
	] as const)('has nothing that axe would find, in %s, %i pixels wide', async (colorScheme, width) => {
		const { address } = await startRoom();
		const page = await openPage(`${address}/demo`, { colorScheme, viewport: { width, height: 844 } });
		const check = async (where: string) => {
			expect({ where, found: await axeFindings(page) }).toEqual({ where, found: [] });
			expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
		};
		await check('product');
		await press(page, 'See it in your room');
		await check('capture');
		await press(page, 'Let this step fail');
		await check('failed');
		await press(page, 'Try this step again', 'Use the sample photo', 'Use this photo', 'How does this work?');
		await check('mask');
		await toEmptied(page);
		await check('inpaint');
		await press(page, 'Place the sideboard');
		await check('placement');
		await press(page, 'That’s the place');
		await check('final');
	});
});
