/** Every figure of the wall opens exactly the rows that it counts, and an unattended wall finds its way back. */
import type { Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { useBrowser } from '../support/browser';
import { testDatabase } from '../support/database';
import { freePort, startProcess } from '../support/process';
import { post, startRoom } from '../support/room';
import { visit } from '../support/shop';
import { expectLive, region, shown } from '../support/wall';

const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 25 };
const ACTIVE = 70;
const ENDED = ['completed', 'completed', 'abandoned', 'error', 'declined'];

it('opens what is behind each of its figures, and the numbers agree', async () => {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
	const active = Array.from({ length: ACTIVE }, () => visit().event('session_started', { productTitle: 'Oslo Sofa' }));
	const events = [
		...active,
		// It started before every range that pages offer, and is in progress all the same.
		{ ...visit().event('session_started'), timestamp: '2019-01-01T00:00:00Z' },
		...ENDED.flatMap((status) => {
			const { event } = visit('casa-verde.myshopify.com');
			return [
				event('session_started'),
				event('ai_request', { requestId: status, status: 'success', costUsd: 0.0825 }),
				event('error', { errorCode: 'E1' }),
				event('session_ended', { status })
			];
		})
	];
	const body = JSON.stringify({ events });
	const answer = await fetch(`${address}/api/analytics/events`, { method: 'POST', body });
	expect(await answer.json()).toMatchObject({ accepted: events.length });

	const page = await openPage(`${address}/?kiosk=1`);
	await expectLive(page);
	// More are active than there are lanes.
	await expect
		.poll(async () => (await shown(page)).figures, PATIENCE)
		.toMatchObject({ 'Active sessions': String(ACTIVE + 1), 'Success rate': '40%' });
	const heading = () => page.getByRole('heading', { level: 2 }).first().innerText();
	const figure = (name: string) =>
		region(page, 'Key figures').locator('div').filter({ has: page.getByRole('term').filter({ hasText: name }) }).getByRole('link');
	const backToTheWall = async () => {
		expect(await page.getByRole('navigation', { name: 'Main' }).count()).toBe(0);
		await page.keyboard.press('Escape');
		await page.waitForURL(`${address}/?kiosk=1`);
		await expectLive(page);
	};

	await figure('Active sessions').click();
	await page.waitForURL('**/sessions?*status=in_progress*');
	await expect.poll(heading, PATIENCE).toBe(`${ACTIVE + 1} sessions`);
	await expectLive(page);
	await backToTheWall();

	const lanes = region(page, 'Active sessions').getByRole('listitem').getByRole('link');
	const more = region(page, 'Active sessions').getByRole('link', { name: /^\+\d+ more$/ });
	// How many lanes there are follows from their measured room.
	const counted = async () => (await lanes.count()) + Number(/\d+/.exec(await more.innerText())?.[0]);
	await expect.poll(counted, PATIENCE).toBe(ACTIVE + 1);
	await more.click();
	await expect.poll(heading, PATIENCE).toBe(`${ACTIVE + 1} sessions`);
	await expectLive(page);
	await backToTheWall();

	await figure('Success rate').click();
	await page.waitForURL('**/sessions?*by=ended*');
	await expect.poll(heading, PATIENCE).toBe(`${ENDED.length} sessions`);
	await expect.poll(() => page.getByRole('rowheader').count(), PATIENCE).toBe(ENDED.length);
	expect(await page.getByRole('row').filter({ hasText: /Completed/ }).count()).toBe(2);

	const wall = `${address}/`;
	const main = () => page.getByRole('main').innerText();
	await page.goto(wall);
	await expectLive(page);
	expect(await figure('AI cost').innerText()).toBe('$0.41');
	await figure('AI cost').click();
	await page.waitForURL('**/costs?from=now-24h');
	await expect.poll(main, PATIENCE).toMatch(/AI cost\s+\$0\.41\s[^]*Exactly \$0\.4125:/);

	await page.goto(wall);
	await expectLive(page);
	expect(await figure('Errors').innerText()).toBe(String(ENDED.length));
	await figure('Errors').click();
	await page.waitForURL('**/errors?from=now-24h');
	await expect.poll(main, PATIENCE).toMatch(new RegExp(`Errors\\s+${ENDED.length}\\s+Error events`));

	await page.goto(wall);
	await expectLive(page);
	expect(await figure('Active shops').innerText()).toBe('2');
	await figure('Active shops').click();
	await page.waitForURL('**/shops?from=now-24h');
	await expect.poll(main, PATIENCE).toMatch(/Active shops\s+2\s+Shops of which/);
}); // prettier-ignore

type Lists = [path: string, list: string, shown: number, all: number][];

/** The list names its first rows, and from there all of them, from where one comes back. */
async function expectWhole(page: Page, address: string, list: string, shown: number, all: number): Promise<void> {
	await page.goto(address);
	const section = page.locator(`section:has(#${list})`);
	const rows = () => section.locator('tbody tr');
	expect([address, list, await rows().count()]).toEqual([address, list, shown]);
	const name = /^[\d,]+ more$/;
	const more = section.getByRole('link', { name });
	// Where the rest is a row, what it counts opens the same.
	const rest = section.getByRole('row').filter({ has: page.getByRole('link', { name }) });
	const links = await rest.getByRole('link').all();
	const opens = await Promise.all(links.map((link) => link.getAttribute('href')));
	if (opens.length > 0) expect(opens).toEqual(Array(2).fill(await more.getAttribute('href')));
	await more.click();
	await page.waitForURL(`**/*all=1#${list}`);
	expect([address, list, await rows().count()]).toEqual([address, list, all]);
	expect(await page.getByText(name).count()).toBe(0);
	await page.getByRole('link', { name: 'Remove Whole lists' }).click();
	await page.waitForURL(address);
	expect([address, list, await rows().count()]).toEqual([address, list, shown]);
}

it('opens from what a list leaves out the whole list in its place, whose rows open theirs, and leads back', async () => {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
	const SHOPS = 26;
	const events = Array.from({ length: SHOPS }, (_, n) => {
		const { event } = visit(`shop-${n}.myshopify.com`);
		const word = `word ${String.fromCharCode(97 + n)}`;
		return [
			event('session_started', { productTitle: word }),
			event('ai_request', { requestId: word, provider: word, status: 'success', costUsd: 1 + n, isRegeneration: true, regenerationReason: word }),
			event('error', { errorCode: 'SAME', errorMessage: 'the same' }),
			event('session_ended', { status: 'abandoned', abandonmentStep: 'mask', reason: word })
		];
	}).flat();
	const answer = await fetch(`${address}/api/analytics/events`, { method: 'POST', body: JSON.stringify({ events }) });
	expect(await answer.json()).toMatchObject({ accepted: events.length });
	const [group] = await database.sql<{ group: string }[]>`select group_key as group from error_groups`;
	const page = await openPage('about:blank', { javaScriptEnabled: false });
	const lists: Lists = [
		['/costs', 'by-shop', 11, SHOPS],
		['/costs', 'by-provider', 11, SHOPS],
		// Below the sums of what failed and of what was made once more.
		['/costs', 'wasted', 13, SHOPS + 2],
		['/costs', 'lost', 9, SHOPS],
		['/journey', 'by-shop', 11, SHOPS],
		['/journey', 'by-product', 11, SHOPS],
		['/journey', 'exits', 6, SHOPS],
		['/errors', 'shops', 10, SHOPS],
		[`/errors/${group?.group}`, 'shops', 10, SHOPS]
	];
	for (const [path, ...rows] of lists) await expectWhole(page, `${address}${path}?tz=UTC&from=now-24h`, ...rows);
	await page.goto(`${address}/costs?tz=UTC&from=now-24h&all=1`);
	// The least dear of them, which the short list has no row for.
	await page.locator('section:has(#by-provider) tbody tr').last().getByRole('link', { name: '1', exact: true }).click();
	await page.waitForURL('**/costs/requests?*');
	expect(await page.getByRole('navigation', { name: 'Pages of the list' }).innerText()).toContain('1–1 of 1');
}); // prettier-ignore

it('opens whole lists of shops, types, values, parts and steps, says where even those end, and leads back', async () => {
	const { address } = await startRoom();
	const [SHOPS, TYPES, PARTS] = [56, 1_010, 18];
	const shop = 'shop-0.myshopify.com';
	const parts = Array.from({ length: PARTS }, (_, n) => {
		const { event } = visit(shop);
		const told = [
			event('session_started', { productTitle: `product ${n}` }),
			event('error', { errorCode: `CODE ${String.fromCharCode(97 + n)}` })
		];
		return told.map((one) => ({ ...one, deviceContext: { deviceType: `device ${n}` } }));
	}).flat();
	const setups = Array.from({ length: SHOPS }, (_, n) => {
		const { event } = visit(`shop-${n}.myshopify.com`);
		return [
			event('setup_started', { productId: 'p' }),
			event('image_prepared', { productId: 'p', method: `way ${n}` }),
			event('setup_abandoned', { productId: 'p', abandonedAt: `step ${n}` })
		];
	}).flat();
	const types = Array.from({ length: TYPES }, (_, n) => visit(shop).event(`custom_${n}`, { word: `word ${n}` }));
	await post(address, [...parts, ...setups, ...types.slice(0, 500)]);
	await post(address, types.slice(500));

	const page = await openPage('about:blank', { javaScriptEnabled: false });
	const lists: Lists = [
		['/analytics?', 'by-shop', 50, SHOPS],
		['/analytics?', 'types', 200, 1_000],
		// Events without the field are a value of their own.
		['/analytics?field=word&', 'by-field', 50, 1_000],
		// And the sessions of all else that the shop sent.
		[`/shops/${shop}?`, 'by-device', 15, PARTS + 1],
		[`/shops/${shop}?`, 'by-product', 15, PARTS + 1],
		['/setup?', 'steps', 20, SHOPS],
		['/setup?', 'shops', 20, SHOPS],
		['/setup?', 'images', 20, SHOPS]
	];
	for (const [path, ...rows] of lists) await expectWhole(page, `${address}${path}tz=UTC&from=now-24h`, ...rows);

	const OTHER_TYPES = ['session_started', 'error', 'setup_started', 'image_prepared', 'setup_abandoned'];
	const all = `${address}/analytics?tz=UTC&from=now-24h&field=word&all=1`;
	await page.goto(all);
	const rest = (list: string) => page.locator(`section:has(#${list}) p.small`).innerText();
	expect(await rest('types')).toContain(`${TYPES + OTHER_TYPES.length - 1_000} more: a list has 1,000 rows at most`);
	expect(await rest('by-field')).toContain(`${TYPES + 1 - 1_000} more: a list has 1,000 rows at most`);
	await page.goto(`${all}&shop=${shop}`);
	expect(await rest('types')).toContain('Of the 1,000 that all shops together sent most.');

	const fields = Object.fromEntries(Array.from({ length: 44 }, (_, n) => [`field_${n}`, n]));
	await post(address, [visit(shop).event('many_fields', fields)]);
	await page.goto(`${address}/analytics?tz=UTC&from=now-24h&type=many_fields`);
	const named = page.getByRole('list', { name: 'Fields' }).getByRole('listitem');
	expect(await named.last().innerText()).toBe('4 more');
	expect(await named.count()).toBe(41);
	await named.last().getByRole('link').click();
	await page.waitForURL('**/*all=1#by-field');
	expect(await named.count()).toBe(44);

	await page.goto(`${address}/shops/${shop}?tz=UTC&from=now-24h`);
	await page.getByRole('link', { name: `All ${PARTS} groups` }).click();
	expect(await page.getByRole('navigation', { name: 'Pages of the list' }).innerText()).toContain(`of ${PARTS} groups`);
}); // prettier-ignore

it('keeps its rows when they cannot be read anew, says so, and goes on by itself', async () => {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const settings = { DATABASE_URL: database.url, PORT: String(await freePort()) };
	const server = await startProcess(settings);
	const { address } = server;
	const post = async (code: string) => {
		const { event } = visit();
		const body = JSON.stringify({ events: [event('error', { errorCode: code })] });
		expect((await fetch(`${address}/api/analytics/events`, { method: 'POST', body })).status).toBe(200);
	};
	await post('FIRST');
	const page = await openPage(`${address}/errors?tz=UTC&view=list`);
	await expectLive(page);
	const codes = () => region(page, 'Single errors').locator('tbody th a').allInnerTexts();
	const behind = page.getByText('Not current: shown is what was read');
	const errorsNow = async (count: number) => {
		const figure = page.locator('.figure').filter({ has: page.getByRole('heading', { name: 'Errors', exact: true }) });
		await expect.poll(() => figure.locator('.value').innerText(), PATIENCE).toBe(String(count));
		await expect.poll(() => behind.count(), PATIENCE).toBe(0);
	};

	const failed = { type: 'data', nodes: [null, { type: 'error', error: { message: 'Internal Error' }, status: 500 }] };
	const answers = [{ status: 200, json: failed }, { status: 503, json: { error: { code: 'queue_full' } } }, null];
	for (const [index, answer] of answers.entries()) {
		await page.route('**/__data.json*', (route) => (answer ? route.fulfill(answer) : route.abort()));
		await post(`LATER_${index}`);
		await behind.waitFor();
		expect(await codes()).toContain('FIRST');
		expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Single errors');
		await page.unroute('**/__data.json*');
		await errorsNow(index + 2);
	}

	// The server itself goes away and comes back.
	server.kill('SIGKILL');
	await server.ended;
	await page
		.getByText(/Disconnected since/)
		.first()
		.waitFor();
	expect(await codes()).toContain('FIRST');
	await startProcess(settings);
	await expectLive(page);
	await post('AFTERWARDS');
	await errorsNow(5);
	expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Single errors');
});
