/**
 * The main job, whole: what happens in a shopper's browser is seen on the Control Room. The real process, a real
 * database, and two pages of a real browser: the wall, and a shop on another origin with the deployed clients in it.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { Sql } from '../../src/lib/server/db/connect';
import { axeFindings } from '../support/axe';
import { useBrowser } from '../support/browser';
import { startRoom } from '../support/room';
import { openShop, visit, type ClientEvent } from '../support/shop';
import { connection, expectLive, expectWallToEqualSql, region, sessionLink, shown } from '../support/wall';

const exec = promisify(execFile);
const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 25 };

/** A room whose wall is open and live, and a shop. */
async function openRoom(): Promise<{ address: string; sql: Sql; wall: Page; shop: Page }> {
	const { address, sql } = await startRoom();
	const [wall, shop] = await Promise.all([openPage(address), openShop(openPage, address)]);
	await expectLive(wall);
	return { address, sql, wall, shop };
}

/** What a screen reader says of an element. */
function spoken(element: Locator): Promise<string> {
	return element.ariaSnapshot();
}

async function post(address: string, ...events: object[]): Promise<void> {
	const answer = await fetch(`${address}/api/analytics/events`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ events })
	});
	expect(answer.status).toBe(200);
	expect(await answer.json()).toMatchObject({ processed: events.length, rejected: [] });
}

describe('the Control Room', () => {
	it('shows a session of the full SDK as it appears, changes steps, fails and completes', async () => {
		const { sql, wall, shop } = await openRoom();
		const { sessionId, event, step } = visit();
		const sdk = (...events: ClientEvent[]) =>
			shop.evaluate(async (sent) => {
				window.shop.sdk.track(...sent);
				await window.shop.sdk.flush();
				return window.shop.sdk.answers;
			}, events);
		const lane = sessionLink(wall, 'Active sessions', sessionId);
		const laneText = () => spoken(lane);
		const ended = sessionLink(wall, 'Recent completions', sessionId);

		expect(
			await sdk(
				event('session_started', { productId: 'p1', productTitle: 'Oslo Sofa', productPrice: 1299 }),
				step('room_capture', 'started')
			)
		).toEqual([200]);
		await expect.poll(laneText, PATIENCE).toMatch(/Oslo Sofa[^]*nordic-home[^]*running Room capture/);

		await sdk(step('room_capture', 'completed', { durationMs: 4100 }));
		await expect.poll(laneText, PATIENCE).toMatch(/after Room capture/);
		await sdk(step('mask', 'started'));
		await expect.poll(laneText, PATIENCE).toMatch(/running Mask/);
		await sdk(
			step('mask', 'failed', { errorCode: 'MASK_EMPTY' }),
			event('error', {
				errorCode: 'MASK_EMPTY',
				errorMessage: 'Nothing was selected',
				severity: 'critical',
				step: 'mask'
			})
		);
		await expect.poll(laneText, PATIENCE).toMatch(/failed Mask failed/);
		await expect
			.poll(() => region(wall, 'Latest errors').getByRole('listitem').allInnerTexts(), PATIENCE)
			.toEqual([expect.stringMatching(/^Critical\s+MASK_EMPTY[^]*Nothing was selected/)]);

		const request = { requestId: 'r1', provider: 'fal', operation: 'inpaint', step: 'inpaint' };
		await sdk(
			step('mask', 'completed'),
			step('inpaint', 'started'),
			event('ai_request', { ...request, status: 'pending' }),
			event('ai_request', { ...request, status: 'success', costUsd: 0.42 })
		);
		await expect.poll(laneText, PATIENCE).toMatch(/running Inpaint/);
		await expectWallToEqualSql(wall, sql);
		expect((await shown(wall)).figures).toEqual({
			'Active sessions': '1',
			'Success rate': '–',
			'Active shops': '1',
			'AI cost': '$0.42',
			Errors: '1'
		});

		await sdk(
			step('inpaint', 'completed'),
			step('placement', 'completed'),
			step('final', 'completed'),
			event('session_ended', { status: 'completed', durationMs: 61_000 })
		);
		await expect
			.poll(() => ended.allInnerTexts(), PATIENCE)
			.toEqual([expect.stringMatching(/^\s*Completed\s+Oslo Sofa/)]);
		await expect.poll(() => lane.count(), PATIENCE).toBe(0);
		await expectWallToEqualSql(wall, sql);
		expect((await shown(wall)).figures).toMatchObject({ 'Active sessions': '0', 'Success rate': '100%' });
		expect(await connection(wall).innerText()).toMatch(/Live/);
	});

	it('shows a session of the beacon, and its end when the shopper closes the page', async () => {
		const { sql, wall, shop } = await openRoom();
		const { sessionId, event } = visit('');
		const beacon = (...events: ClientEvent[]) => shop.evaluate((sent) => window.shop.beacon.track(...sent), events);
		const lane = sessionLink(wall, 'Active sessions', sessionId);

		const started = {
			productTitle: 'Linen Armchair',
			flow: 'v2',
			env: 'production',
			flow_version: '7',
			app_version: '1.4'
		};
		expect(await beacon(event('session_started', started), event('room_uploaded', { width: 1024 }))).toBe(true);
		await expect.poll(() => spoken(lane), PATIENCE).toContain('Linen Armchair');
		await beacon(event('variants_generated', { count: 4 }), event('variant_selected', { index: 2 }));
		const types = async () => {
			const rows = await sql<
				{ event_type: string }[]
			>`select event_type from analytics_events order by client_timestamp`;
			return rows.map((row) => row.event_type);
		};
		await expect
			.poll(types, PATIENCE)
			.toEqual(['session_started', 'room_uploaded', 'variants_generated', 'variant_selected']);

		const end = event('session_ended', { status: 'abandoned', reason: 'page_unload', abandonmentStep: 'inpaint' });
		await shop.evaluate((sent) => window.shop.beacon.trackOnUnload(sent), end);
		await shop.goto('about:blank');
		await expect
			.poll(() => sessionLink(wall, 'Recent completions', sessionId).allInnerTexts(), PATIENCE)
			.toEqual([expect.stringMatching(/^\s*Abandoned\s+Linen Armchair[^]*Inpaint[^]*page closed/)]);
		await expectWallToEqualSql(wall, sql);
	});

	it('shows sessions of the modal, whose events arrive in any order, some without an end', async () => {
		const { sql, wall, shop } = await openRoom();
		const modal = (...events: ClientEvent[]) => shop.evaluate((sent) => window.shop.modal.track(...sent), events);
		const [first, second] = [visit('casa-verde.myshopify.com'), visit('atelier-lumen.myshopify.com')];
		const started = first.event('session_started', { productTitle: 'Arc Floor Lamp' });
		const [captured, masked] = [first.step('room_capture', 'completed'), first.step('mask', 'started')];

		expect(await modal(masked)).toEqual([200]);
		const lane = sessionLink(wall, 'Active sessions', first.sessionId);
		await expect.poll(() => spoken(lane), PATIENCE).toMatch(/casa-verde[^]*running Mask/);
		await modal(captured, started);
		await expect.poll(() => spoken(lane), PATIENCE).toMatch(/Arc Floor Lamp[^]*running Mask/);

		const lastStep = first.step('final', 'completed');
		await modal(first.event('session_ended', { status: 'error', reason: 'model_failed' }));
		const ended = sessionLink(wall, 'Recent completions', first.sessionId);
		await expect.poll(() => ended.allInnerTexts(), PATIENCE).toEqual([expect.stringMatching(/^\s*Failed/)]);
		await modal(lastStep, second.step('placement', 'completed'), second.event('session_started'));
		await expect.poll(() => sessionLink(wall, 'Active sessions', second.sessionId).count(), PATIENCE).toBe(1);
		await expectWallToEqualSql(wall, sql);
		expect((await shown(wall)).active).toEqual([second.sessionId]);
	});

	it('leads to the page of a session, which goes on live', async () => {
		const { address, sql, wall } = await openRoom();
		const { sessionId, event, step } = visit();
		await post(address, event('session_started', { productTitle: 'Teak Sideboard' }), step('room_capture', 'started'));
		await sessionLink(wall, 'Active sessions', sessionId).click();
		await wall.waitForURL(`**/sessions/${sessionId}`);
		await expect.poll(() => wall.getByRole('heading', { level: 1 }).innerText(), PATIENCE).toContain('Teak Sideboard');
		await expectLive(wall);

		const steps = region(wall, 'Steps').getByRole('listitem');
		const events = region(wall, /^Events/).getByRole('listitem');
		await expect.poll(() => steps.allInnerTexts(), PATIENCE).toEqual([expect.stringMatching(/Room capture\s+Running/)]);
		await post(address, step('room_capture', 'completed', { retakeCount: 2 }), step('mask', 'started'));
		await expect
			.poll(() => steps.allInnerTexts(), PATIENCE)
			.toEqual([
				expect.stringMatching(/Room capture\s+Completed[^]*2 retakes/),
				expect.stringMatching(/Mask\s+Running/)
			]);
		await post(
			address,
			event('ai_request', { requestId: 'r1', provider: 'fal', status: 'success', costUsd: 0.0315 }),
			event('error', { errorCode: 'E_LIVE', errorMessage: 'it broke' }),
			event('session_ended', { status: 'completed' })
		);
		await expect.poll(() => wall.getByRole('main').innerText(), PATIENCE).toMatch(/Completed[^]*E_LIVE[^]*\$0\.0315/);
		await expect.poll(() => events.count(), PATIENCE).toBe(7);
		const [row] = await sql`select event_count from sessions where session_id = ${sessionId}`;
		expect(Number(row?.['event_count'])).toBe(7);

		await wall.goBack();
		await expect.poll(() => sessionLink(wall, 'Recent completions', sessionId).count(), PATIENCE).toBe(1);
		await expectLive(wall);
		await expectWallToEqualSql(wall, sql);
	});

	it('is dark whatever the system prefers, hides all navigation in kiosk mode, and keeps both behind its links', async () => {
		const { address } = await startRoom();
		const { sessionId, event } = visit();
		await post(address, event('session_started'));
		const wall = await openPage(address, { colorScheme: 'light' });
		const scheme = () => wall.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
		expect(await scheme()).toBe('dark');
		expect(await wall.getByRole('navigation').count()).toBe(1);
		await wall.goto(`${address}/?kiosk=1`);
		expect(await wall.getByRole('navigation').count()).toBe(0);
		await expectLive(wall);
		await sessionLink(wall, 'Active sessions', sessionId).click();
		await wall.waitForURL(`**/sessions/${sessionId}?kiosk=1`);
		expect(await wall.getByRole('navigation').count()).toBe(0);
		expect(await scheme()).toBe('dark');
		await wall.goto(`${address}/sessions/${sessionId}`);
		expect(await scheme()).toBe('light dark');
	});

	it('shows, while it is empty, a line for the shell that changes that', async () => {
		const { address, wall } = await openRoom();
		const line = (await region(wall, 'Active sessions').getByRole('code').innerText()).trim();
		const isThere = await exec('sh', ['-c', 'command -v curl']).then(() => true, () => false); // prettier-ignore
		// Where there is no curl: the same shell takes the line apart, and what curl would send is sent.
		const stand = `curl() { for word; do printf '%s\\0' "$word"; done; }\n`;
		const { stdout } = await exec('sh', ['-c', isThere ? line : stand + line]);
		if (isThere) expect(JSON.parse(stdout)).toMatchObject({ success: true, accepted: 1 });
		else {
			const words = stdout.split('\0');
			const after = (flag: string) => words[words.indexOf(flag) + 1] ?? '';
			const [name = '', value = ''] = after('-H').split(': ');
			const url = words.find((word) => word.startsWith(address)) ?? '';
			const answer = await fetch(url, { method: after('-X'), headers: { [name]: value }, body: after('-d') });
			expect(answer.status).toBe(200);
		}
		await expect.poll(async () => (await shown(wall)).active, PATIENCE).toEqual([expect.stringMatching(/^sess_\d+$/)]);
		expect(await spoken(region(wall, 'Active sessions').getByRole('link'))).toContain('Oslo Sofa');
	});

	it.each([
		[1920, 1080],
		[3840, 2160],
		[1280, 1024]
	])('names the steps once above lanes that have no room for it, at %i × %i', async (width, height) => {
		const { address } = await startRoom();
		const started = (n: number) => visit(`shop-${n}`).event('session_started', { productTitle: `A long sofa, number ${n}` });
		await post(address, ...Array.from({ length: 20 }, (_, n) => started(n)));
		const wall = await openPage(address, { viewport: { width, height } });
		await expectLive(wall);
		const names = region(wall, 'Active sessions').locator('ol');
		expect(await names.count()).toBe(0);
		await post(address, ...Array.from({ length: 20 }, (_, n) => started(20 + n)));
		await names.waitFor();
		expect(await names.locator('li').allInnerTexts()).toEqual(['Room capture', 'Mask', 'Inpaint', 'Placement', 'Final']);
		const looks = () => names.evaluate((list) => {
			const isWide = (element: Element) => element.scrollWidth > element.clientWidth;
			const isCut = (lane: Element) => isWide(lane) || lane.scrollHeight > lane.clientHeight;
			const size = (element: Element) => Number.parseFloat(getComputedStyle(element).fontSize);
			const lanes = [...(list.closest('section')?.querySelectorAll('a.lane') ?? [])];
			return {
				size: size(list),
				// Which of a lane's segments a name is of.
				lit: [...list.querySelectorAll('li')].map((item) => [...item.querySelectorAll('.place > span')].findIndex((one) => one.matches('.here'))),
				lanes: lanes.length,
				isWide: isWide(list),
				cut: lanes.filter(isCut).length,
				bottom: Math.max(...lanes.map((lane) => lane.getBoundingClientRect().bottom)),
				segments: lanes[0]?.querySelectorAll('.segment').length
			};
		});
		// What gives way to the names does so when they have been measured.
		await expect.poll(looks, PATIENCE).toMatchObject({ lit: [0, 1, 2, 3, 4], lanes: 30, isWide: false, cut: 0, segments: 5 });
		const { size, bottom } = await looks();
		// Three hundredths of the height, where the screen is no narrower than 16:9.
		expect(size).toBeGreaterThanOrEqual(0.03 * Math.min(height, 0.5625 * width) - 0.01);
		expect(bottom).toBeLessThanOrEqual(height);
	}); // prettier-ignore

	it('asks the server for nothing while events come in', async () => {
		const { address, sql, wall } = await openRoom();
		const { event, step } = visit();
		// Whatever a first session makes the page load for good is loaded then.
		await post(address, event('session_started'), event('error', { errorCode: 'E0' }));
		await expectWallToEqualSql(wall, sql);
		const requests: string[] = [];
		wall.on('request', (request) => requests.push(request.url()));
		for (const name of ['room_capture', 'mask', 'inpaint', 'placement', 'final']) {
			await post(address, step(name, 'started'), event('error', { errorCode: `E_${name}` }));
			await expectWallToEqualSql(wall, sql);
		}
		await post(address, step('final', 'completed'), event('session_ended', { status: 'completed' }));
		await expectWallToEqualSql(wall, sql);
		// Two heartbeats: what is done "every so often" would have been done.
		let heartbeats = 0;
		let before = 0;
		const count = async () => {
			const [, seconds] = /updated (\d+) s ago/.exec(await connection(wall).innerText()) ?? [];
			if (Number(seconds) < before) heartbeats++;
			before = Number(seconds);
			return heartbeats;
		};
		await expect.poll(count, PATIENCE).toBe(2);
		expect(requests).toEqual([]);
	});

	it('paints the wall without JavaScript', async () => {
		const { address, sql } = await startRoom();
		const { sessionId, event, step } = visit();
		await post(address, event('session_started', { productTitle: 'Wool Rug' }), step('mask', 'started'));
		const wall = await openPage(address, { javaScriptEnabled: false });
		expect(await spoken(sessionLink(wall, 'Active sessions', sessionId))).toMatch(/Wool Rug[^]*running Mask/);
		await expectWallToEqualSql(wall, sql);
		await wall.goto(`${address}/sessions/${sessionId}`);
		expect(await wall.getByRole('heading', { level: 1 }).innerText()).toContain('Wool Rug');
		expect(await region(wall, 'Steps').getByRole('listitem').allInnerTexts()).toEqual([
			expect.stringMatching(/Mask\s+Running/)
		]);
	});

	it.each(['light', 'dark'] as const)('has nothing that axe would find, in %s', async (theme) => {
		const { address } = await startRoom();
		const wall = await openPage(`${address}/?theme=${theme}`);
		expect(await wall.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe(theme);
		await expectLive(wall);
		expect(await axeFindings(wall)).toEqual([]);

		const [active, ended] = [visit(), visit('casa-verde.myshopify.com')];
		await post(
			address,
			active.event('session_started', { productTitle: 'Oslo Sofa' }),
			active.step('mask', 'started'),
			active.event('error', { errorCode: 'E1', errorMessage: 'it broke', severity: 'warning' }),
			active.event('ai_request', { requestId: 'r', provider: 'fal', status: 'success', costUsd: 0.1 }),
			active.event('user_action', { action: 'retake_photo' }),
			ended.step('mask', 'failed', { errorCode: 'E2' }),
			ended.event('session_ended', { status: 'abandoned', reason: 'page_unload', abandonmentStep: 'mask' })
		);
		await expect.poll(() => sessionLink(wall, 'Recent completions', ended.sessionId).count(), PATIENCE).toBe(1);
		expect(await axeFindings(wall)).toEqual([]);
		for (const { sessionId } of [active, ended]) {
			await wall.goto(`${address}/sessions/${sessionId}?theme=${theme}`);
			await expectLive(wall);
			expect(await axeFindings(wall)).toEqual([]);
		}
	});
});
