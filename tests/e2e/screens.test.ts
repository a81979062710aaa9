/**
 * Screens from the link to the wall, in real browsers and on two processes with one database: what a screen sees and what
 * it does not, that it is looked after from afar, and that it is over at once when it is revoked.
 */
import type { Page, WebSocket } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOf, newId, newSecret } from '../../src/lib/server/access/secrets';
import { axeFindings } from '../support/axe';
import { useBrowser } from '../support/browser';
import { testDatabase, type TestDatabase } from '../support/database';
import { ADMIN_PASSWORD } from '../support/door';
import { useProcess } from '../support/process';
import { connection, expectLive, region } from '../support/wall';

const PATIENCE = { timeout: 60_000, interval: 25 };
const openPage = useBrowser();

let database: TestDatabase;
let login: string;
const settings = () => ({ DATABASE_URL: database.url, PORT: '0', ADMIN_PASSWORD });
beforeAll(async () => {
	database = await testDatabase();
});
const one = useProcess(() => Promise.resolve(settings()));
const other = useProcess(() => Promise.resolve(settings()));
beforeAll(async () => {
	login = newSecret();
	await database.sql`
		insert into logins (id, token_hash, user_id, expires_at)
		select ${newId()}, ${hashOf(login)}, id, now() + interval '1 hour' from users where name = 'admin'`;
});
afterAll(() => database.drop());

/** A page of an administrator's browser. */
async function asAdmin(path: string, options: Parameters<typeof openPage>[1] = {}): Promise<Page> {
	const cookie = { name: 'login', value: login, domain: '127.0.0.1', path: '/', expires: -1, httpOnly: true, secure: false, sameSite: 'Lax' } as const; // prettier-ignore
	return openPage(one().address + path, { ...options, storageState: { cookies: [cookie], origins: [] } });
}

interface Wish {
	shops?: string[];
	masked?: boolean;
}

/** Makes a screen as an administrator does. @returns its link */
async function make(page: Page, name: string, { shops, masked = false }: Wish = {}): Promise<string> {
	const form = page.locator('form[action="?/create"]');
	// Its script begins with the fields as the server sent them.
	await expectLive(page);
	await form.getByLabel('Name').fill(name);
	if (shops) {
		await form.getByLabel('Only these').check();
		await form.getByLabel('The domains of these shops').fill(shops.join(', '));
	}
	if (masked) await form.getByLabel('Without figures').check();
	await form.getByRole('button', { name: 'Make a link' }).click();
	return page
		.getByRole('region', { name: `The link of ${name}` })
		.getByRole('code')
		.innerText();
}

interface Wall {
	page: Page;
	sockets: WebSocket[];
	/** Resolves with the time at which its first socket was closed. */
	closed: Promise<number>;
	/** The addresses and referrers of all that it asked for. */
	asked: string[];
}

/** Opens a link in a browser that was never here. */
async function hang(link: string): Promise<Wall> {
	const page = await openPage('about:blank');
	const sockets: WebSocket[] = [];
	const asked: string[] = [];
	page.context().on('request', (request) => asked.push(request.url(), request.headers()['referer'] ?? ''));
	const closed = new Promise<number>((resolve) => {
		page.on('websocket', (socket) => {
			if (sockets.push(socket) === 1) socket.on('close', () => resolve(performance.now()));
		});
	});
	await page.goto(link);
	await page.waitForURL((url) => url.pathname === '/');
	await expectLive(page);
	return { page, sockets, closed, asked };
}

/** A link of one process at the other. */
const atOther = (link: string) => link.replace(one().address, other().address);

async function post(shop: string | null, session: string, ...types: [string, unknown?][]): Promise<void> {
	const answer = await fetch(`${one().address}/api/analytics/events`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({
			events: types.map(([type, data = {}]) => ({
				type,
				sessionId: session,
				shopDomain: shop,
				timestamp: Date.now(),
				data
			}))
		})
	});
	expect(await answer.json()).toMatchObject({ accepted: types.length });
}

const rowOf = (page: Page, name: string) => region(page, 'What hangs where').getByRole('row').filter({ hasText: name });

/** Does with a screen what stands in its folded menu. */
async function act(page: Page, name: string, what: string): Promise<void> {
	await expectLive(page);
	await region(page, 'Screens').locator(`summary[aria-label="Change ${name}"]`).click();
	await region(page, 'Screens')
		.getByRole('listitem')
		.filter({ hasText: name })
		.getByRole('button', { name: what })
		.click();
	await page.getByRole('status').filter({ hasText: name }).waitFor();
}

describe('a screen', () => {
	it('is opened by its link, which nothing but the form ever says, and is the wall and no other page', async () => {
		const admin = await asAdmin('/screens');
		const link = await make(admin, 'Entrance');
		const secret = link.split('#')[1] ?? '';
		expect(secret).toMatch(/^[\w-]{43}$/);
		const { page, asked } = await hang(link.replace('#', '?theme=dark#'));
		expect(page.url()).toBe(`${one().address}/?theme=dark`);
		expect(asked.filter((text) => text.includes(secret))).toEqual([]);
		const cookies = await page.context().cookies();
		expect(cookies).toMatchObject([{ name: 'display', httpOnly: true, sameSite: 'Lax' }]);
		expect(cookies[0]?.value).not.toBe(secret);
		expect(cookies[0]?.expires ?? 0).toBeGreaterThan(Date.now() / 1000 + 300 * 86_400);
		expect(await page.evaluate(() => document.cookie + JSON.stringify(history.state))).not.toContain(secret);
		await post('a.example', 'sess_entrance', ['session_started', { productTitle: 'Oslo Sofa' }]);
		await region(page, 'Active sessions').getByText('Oslo Sofa').waitFor();
		// Nothing leads anywhere, because nothing may be opened.
		expect(await page.getByRole('link').allInnerTexts()).toEqual(['Skip to content']);
		for (const path of ['/sessions', '/sessions/sess_entrance', '/costs', '/screens', '/api/v1/sessions'])
			expect([path, (await page.request.get(one().address + path)).status()]).toEqual([path, 403]);
		await page.goto(link);
		await page.waitForURL(`${one().address}/`);
		expect(await database.sql`select 1 from displays`).toHaveLength(1);
		const entries = await database.sql<{ action: string; actor: string }[]>`
			select action, actor from audit where object = 'Entrance' order by id`;
		expect(entries.map(({ action }) => action)).toEqual(['screen.created', 'display.opened']);
		expect(JSON.stringify(await database.sql`select * from audit`)).not.toContain(secret);
	});

	it('is opened without JavaScript by pasting its link, and a wrong one says so', async () => {
		const link = await make(await asAdmin('/screens'), 'Without scripts');
		const page = await openPage(`${one().address}/screen`, { javaScriptEnabled: false });
		await page.getByLabel('Link').fill(newSecret());
		await page.getByRole('button', { name: 'Show the screen' }).click();
		await expect.poll(() => page.getByRole('alert').innerText(), PATIENCE).toMatch(/This link opens nothing/);
		await page.getByLabel('Link').fill(link);
		await page.getByRole('button', { name: 'Show the screen' }).click();
		await page.waitForURL(`${one().address}/`);
		await region(page, 'Key figures').getByText('Success rate').waitFor();
		expect(await page.getByText('Without scripts').count()).toBe(1);
	});

	it('of two shops shows these alone, and without figures none, at first and live', async () => {
		const wish = { shops: ['a.example', 'b.example'], masked: true };
		await post(
			'c.example',
			'sess_c',
			['session_started', { productTitle: 'Chair of C' }],
			['error', { errorCode: 'E_C' }]
		);
		await post(
			'b.example',
			'sess_b',
			['session_started', { productTitle: 'Chair of B' }],
			['error', { errorCode: 'E_B' }]
		);
		const { page } = await hang(await make(await asAdmin('/screens'), 'Showroom', wish));
		const text = () => page.locator('main').innerText();
		await post('c.example', 'sess_c2', ['session_started', { productTitle: 'Later chair of C' }]);
		await post('a.example', 'sess_a', ['session_started', { productTitle: 'Chair of A' }], ['ai_request', { requestId: 'r', costUsd: '7.77' }]); // prettier-ignore
		await region(page, 'Active sessions').getByText('Chair of A').waitFor();
		expect(await text()).toMatch(/Chair of B/);
		expect(await text()).toMatch(/E_B/);
		expect(await page.content()).not.toMatch(/of C|E_C|c\.example|7\.77/);
		expect(await region(page, 'Key figures').innerText()).toMatch(/^\s*Figures are hidden on this screen\.\s*$/);
		expect(await page.getByRole('banner').innerText()).toMatch(/Showroom\s+only 2 shops/);
		const html = await (await page.request.get(one().address)).text();
		expect(html).toContain('Chair of A');
		expect(html).not.toMatch(/of C|E_C|c\.example|7\.77/);
		expect(await axeFindings(page)).toEqual([]);
	});

	it('tells that it is there and how large it is, loads anew when told, and follows what is changed', async () => {
		const admin = await asAdmin('/screens');
		const { page } = await hang(atOther(await make(admin, 'Stairs')));
		await expect
			.poll(async () => {
				await admin.reload();
				return rowOf(admin, 'Stairs').innerText();
			}, PATIENCE)
			.toMatch(/connected\s+the newest\s+1920 × 1080\s+127\.0\.0\.1/);
		await Promise.all([page.waitForEvent('load'), act(admin, 'Stairs', 'Load its displays anew')]);
		await expectLive(page);
		await region(admin, 'Screens').locator('summary[aria-label="Change Stairs"]').click();
		const form = region(admin, 'Screens').locator('form[action="?/change"]:visible');
		await form.getByLabel('Without figures').check();
		await form.getByRole('button', { name: 'Save' }).click();
		await region(page, 'Key figures').getByText('Figures are hidden on this screen.').waitFor();
		// Its browser is closed: that is known at once, not after its next heartbeats are missed.
		const closed = performance.now();
		await page.context().close();
		await expect
			.poll(async () => {
				await admin.reload();
				return rowOf(admin, 'Stairs').innerText();
			}, PATIENCE)
			.toMatch(/last seen/);
		process.stderr.write(`known to have left ${Math.round(performance.now() - closed)} ms after it was closed\n`);
	});

	it('is over at once on every process when it is revoked, and says so', async () => {
		const admin = await asAdmin('/screens');
		const link = await make(admin, 'Canteen');
		const walls = [await hang(link), await hang(atOther(link))];
		const bystander = await hang(await make(admin, 'Bystander'));
		await region(admin, 'Screens').locator('summary[aria-label="Change Canteen"]').click();
		const began = performance.now();
		await region(admin, 'Screens').getByRole('listitem').filter({ hasText: 'Canteen' }).getByRole('button', { name: 'Revoke for good' }).click(); // prettier-ignore
		const closed = await Promise.all(walls.map((wall) => wall.closed));
		process.stderr.write(
			`sockets closed ${closed.map((at) => Math.round(at - began)).join(' and ')} ms after the click\n`
		);
		for (const { page, sockets } of walls) {
			await page.getByRole('heading', { name: 'This screen was revoked, or its time is over.' }).waitFor();
			await expect.poll(() => connection(page).innerText(), PATIENCE).toMatch(/^\s*Not live any more/);
			expect(await page.getByRole('region', { name: 'Active sessions' }).count()).toBe(0);
			await post('a.example', 'sess_late', ['session_started', { productTitle: 'Too late' }]);
			await region(bystander.page, 'Active sessions').getByText('Too late').waitFor();
			expect(await page.content()).not.toContain('Too late');
			// The one that was closed, and the one that was refused: it does not knock on and on.
			expect(sockets.length).toBeLessThanOrEqual(3);
			await page.reload();
			expect(new URL(page.url()).pathname).toBe('/screen');
			await page.getByText('was revoked, or its time is over').waitFor();
			await page.goto(link);
			await page.getByText('This screen was revoked. Ask an administrator for a new one.').waitFor();
			await page.getByRole('button', { name: 'Make this browser no screen any more' }).click();
			await page.waitForURL((url) => url.pathname === '/login');
		}
		expect(bystander.sockets).toHaveLength(1);
		await expectLive(bystander.page);
	});

	it('goes on in its other browsers when one is ended', async () => {
		const admin = await asAdmin('/screens');
		const link = await make(admin, 'Two of them');
		const [stays, ends] = [await hang(link), await hang(atOther(link))];
		await admin.reload();
		await rowOf(admin, 'Two of them').first().getByRole('button').click();
		await ends.closed;
		await ends.page.getByRole('heading', { name: 'This screen was revoked' }).waitFor();
		await expectLive(stays.page);
		expect(stays.sockets).toHaveLength(1);
		const renewed = region(admin, 'Screens');
		await renewed.locator('summary[aria-label="Change Two of them"]').click();
		await renewed.getByRole('listitem').filter({ hasText: 'Two of them' }).getByRole('button', { name: 'Make a new link' }).click(); // prettier-ignore
		await admin.getByRole('region', { name: 'The link of Two of them' }).waitFor();
		await ends.page.goto(link);
		await ends.page.getByText('This link opens nothing').waitFor();
		await expectLive(stays.page);
	});

	it.each(['light', 'dark'] as const)(
		'is made on a page that has nothing that axe would find, in %s',
		async (colorScheme) => {
			for (const width of [1280, 390]) {
				const page = await asAdmin('/screens', { colorScheme, viewport: { width, height: 900 } });
				expect(await axeFindings(page)).toEqual([]);
				await page.locator('summary[aria-label^="Change"]').first().click();
				expect(await axeFindings(page)).toEqual([]);
				const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
				expect([width, overflow <= 0]).toEqual([width, true]);
			}
		}
	);
});
