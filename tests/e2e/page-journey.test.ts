/** The page about the journey in a real browser on the real process: the funnel, its links, live and without a script. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { STEPS } from '../../src/lib/events/vocabulary';
import { axeFindings } from '../support/axe';
import { useBrowser } from '../support/browser';
import { post, startRoom } from '../support/room';
import { expectLive, region } from '../support/wall';

const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 50 };
const MARKUP = '<b>Sofa</b> "🛋️" שלום';

interface Visit {
	session: string;
	steps: number;
	device: string;
	end?: object;
	product?: string;
}

/** Events of a session that came so far. */
function visit({ session, steps, device, end, product = 'Lamp' }: Visit): object[] {
	const at = Date.now() - 60_000;
	const told = (type: string, data: object, place: number) => ({
		type, sessionId: session, shopDomain: 'a.myshopify.com', timestamp: new Date(at + place).toISOString(), data,
		deviceContext: { deviceType: device }
	}); // prettier-ignore
	return [
		told('session_started', { productTitle: product }, 0),
		...STEPS.slice(0, steps).map((step, place) => told('step_update', { step, status: 'completed', durationMs: 2000 }, place + 1)), // prettier-ignore
		...(end ? [told('session_ended', end, 9)] : [])
	];
}
const button = (type: string) => ({ type, shopDomain: 'a.myshopify.com', data: { productId: 'p' } });

const EVENTS = () => [
	...Array.from({ length: 4 }, (_, n) => ({ ...button('ar_button_impression'), id: `i${n}` })),
	...Array.from({ length: 3 }, (_, n) => ({ ...button('ar_button_click'), id: `c${n}` })),
	...visit({
		session: 'done',
		steps: 5,
		device: 'mobile',
		end: { status: 'completed', postArAction: 'add_to_cart', addedToCart: true }
	}),
	...visit({
		session: 'left',
		steps: 2,
		device: 'mobile',
		product: MARKUP,
		end: { status: 'abandoned', abandonmentStep: 'mask', reason: 'page_unload' }
	}),
	...visit({ session: 'here', steps: 3, device: 'desktop' })
];

/** "Mask: 3" of each stage. */
const stages = (page: Page) =>
	region(page, 'The funnel').locator('a.count').evaluateAll((links) => links.map((link) => link.getAttribute('aria-label'))); // prettier-ignore

describe('the journey', () => {
	it('is empty at first, then shows how far each shopper came, as it happens', async () => {
		const { address } = await startRoom();
		const page = await openPage(`${address}/journey?tz=UTC`);
		expect(await page.getByText('No sessions yet').isVisible()).toBe(true);
		await expectLive(page);
		await post(address, EVENTS());
		await expect
			.poll(() => stages(page), PATIENCE)
			.toEqual([
				'Button seen: 4', 'Button clicked: 3', 'Session started: 3', 'Room capture: 3', 'Mask: 3', 'Inpaint: 2',
				'Placement: 1', 'Final: 1', 'Completed: 1', 'Added to cart: 1'
			]); // prettier-ignore
		const funnel = region(page, 'The funnel');
		expect(await funnel.getByRole('link', { name: '1 went no further' }).count()).toBe(1);
		expect(await funnel.getByRole('link', { name: '1 still here, in progress' }).count()).toBe(1);
		await post(address, visit({ session: 'more', steps: 4, device: 'mobile' }));
		await expect.poll(async () => (await stages(page))[6], PATIENCE).toBe('Placement: 2');
	});

	it('opens exactly the sessions that it counts', async () => {
		const { address } = await startRoom();
		await post(address, EVENTS());
		const page = await openPage(`${address}/journey?tz=UTC`);
		await expectLive(page);
		const links = await page.locator('main a[href^="/sessions?"]').evaluateAll((all) =>
			all.map((link) => ({ href: link.getAttribute('href') ?? '', text: `${link.getAttribute('aria-label') ?? ''} ${link.textContent}` }))
		);
		expect(links.length).toBeGreaterThan(20);
		for (const { href, text } of links.filter((link) => !link.text.includes('%'))) {
			const counted = /: (\d+)|(\d+) (?:went|still|sessions)/.exec(text);
			if (!counted) continue;
			const { count } = (await (await fetch(`${address}/api/v1${href}`)).json()) as { count: number };
			expect(`${href} ${count}`).toBe(`${href} ${counted[1] ?? counted[2]}`);
		}
	}); // prettier-ignore

	it('is filtered by device and product, in address, list, file and API alike, and shows markup as text', async () => {
		const { address } = await startRoom();
		await post(address, EVENTS());
		const page = await openPage(`${address}/journey?tz=UTC`);
		await expectLive(page);
		expect(await page.locator('main td b, main th b').count()).toBe(0);
		await region(page, 'By device').getByRole('link', { name: 'Mobile', exact: true }).click();
		await page.waitForURL(/device=mobile/);
		await expect.poll(async () => (await stages(page))[0], PATIENCE).toBe('Session started: 2');
		expect(await region(page, 'The funnel').innerText()).toContain('Not known by device or product');
		const { search } = new URL(page.url());
		const api = (await (await fetch(`${address}/api/v1/journey${search}`)).json()) as { stages: { key: string; count: number }[] }; // prettier-ignore
		expect(api.stages.find(({ key }) => key === 'sessions')).toMatchObject({ count: 2 });
		const href = (await page.getByRole('link', { name: 'CSV' }).getAttribute('href')) ?? '';
		const file = await (await fetch(address + href)).text();
		expect(file.split('\r\n')[1]).toBe('all,,1,,,2,0,2,2,1,1,1,1,1');

		await page.goto(`${address}/journey?tz=UTC&device=mobile&product=${encodeURIComponent(MARKUP)}`);
		expect((await stages(page))[0]).toBe('Session started: 1');
		expect(await page.getByRole('note').innerText()).toMatch(
			/All numbers of sessions.*among all 3 sessions of the range/s
		);
		await page.goBack();
		await expect.poll(async () => (await stages(page))[0], PATIENCE).toBe('Session started: 2');
		expect((await fetch(`${address}/journey?to=never`)).status).toBe(400);
	});

	it('can be read without a script, on a phone, light and dark, and filtered by the keyboard', async () => {
		const { address } = await startRoom();
		await post(address, EVENTS());
		const plain = await openPage(`${address}/journey?tz=UTC&device=desktop`, { javaScriptEnabled: false });
		expect((await stages(plain)).slice(0, 2)).toEqual(['Session started: 1', 'Room capture: 1']);
		for (const theme of ['light', 'dark']) {
			const page = await openPage(`${address}/journey?tz=UTC&theme=${theme}`, {
				viewport: { width: 390, height: 844 }
			});
			expect(await axeFindings(page)).toEqual([]);
			expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
		}
		const page = await openPage(`${address}/journey?tz=UTC`);
		await expectLive(page);
		await page.keyboard.press('/');
		await page.keyboard.type('nobody.example');
		await page.keyboard.press('Enter');
		await page.getByText('No sessions match').waitFor();
	});
});
