/**
 * Who gets in, and how: from the first start by a link to somebody who is shut out, over HTTP and in a real browser. What
 * each may see is another test's matter (access-matrix.test.ts).
 */
import { afterAll, describe, expect, it } from 'vitest';
import { hashOf } from '../../src/lib/server/access/secrets';
import { axeFindings } from '../support/axe';
import { useBrowser } from '../support/browser';
import { testDatabase, type TestDatabase } from '../support/database';
import { ADMIN_PASSWORD, PASSWORD, send, statusOf } from '../support/door';
import { freePort, startProcess, useProcess } from '../support/process';
import { expectLive } from '../support/wall';

const HTTPS = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.5' };

const databases: TestDatabase[] = [];
async function newDatabase(): Promise<TestDatabase> {
	const database = await testDatabase();
	databases.push(database);
	return database;
}
afterAll(() => Promise.all(databases.map((database) => database.drop())));

const openPage = useBrowser();
let database: TestDatabase;
const room = useProcess(async () => {
	database = await newDatabase();
	return { DATABASE_URL: database.url, PORT: '0', ADMIN_PASSWORD };
});

const logIn = (name = 'admin', password = PASSWORD, headers: Record<string, string> = {}) =>
	send(`${room().address}/login`, { name, password }, headers);

let administrator: Promise<string> | undefined;
/** The cookie of one login of the administrator for all tests: attempts are limited. */
const admin = (): Promise<string> => (administrator ??= logIn().then(({ cookie }) => cookie));

/** The link that a page shows once. */
function linkIn(html: string): string {
	return /https?:\/\/[^<"]+\/welcome#[\w-]{43}/.exec(html)?.[0] ?? '';
}

/** Invites somebody and lets them in. @returns their cookie */
async function joined(name: string, role: string, shops = ''): Promise<string> {
	const { address } = room();
	const invited = await send(`${address}/users?/invite`, { name, role, shops }, { cookie: await admin() });
	const secret = new URL(linkIn(invited.html)).hash.slice(1);
	const fields = { secret, password: PASSWORD, again: PASSWORD };
	const answer = await send(`${address}/welcome?/join`, fields);
	expect({ name, status: answer.status, location: answer.location }).toEqual({ name, status: 303, location: '/' });
	return answer.cookie;
}

const idOf = async (name: string): Promise<string> => {
	const [user] = await database.sql<{ id: string }[]>`select id from users where name = ${name}`;
	return user?.id ?? '';
};

describe('the first start', () => {
	it('prints a link that makes the first administrator once, in a browser, and none once there is somebody', async () => {
		const { url } = await newDatabase();
		// In the open, as it is meant for: the link names an address that others find.
		const env = { DATABASE_URL: url, PORT: String(await freePort()), HOST: '0.0.0.0', SETUP_LINK: '1' };
		const linkOf = (stdout: string): string => /First user +(\S+)/.exec(stdout)?.[1] ?? '';
		const earlier = await startProcess(env);
		earlier.kill('SIGTERM');
		await earlier.ended;
		const first = await startProcess(env);
		const link = linkOf(first.stdout());
		expect(linkOf(earlier.stdout())).not.toBe(link);
		expect(new URL(link).host).toBe(new URL(first.address).host);
		expect(link).not.toContain('0.0.0.0');

		const page = await openPage(`${first.address}/sessions?status=error`);
		expect(new URL(page.url()).pathname).toBe('/login');
		expect(await page.getByText('Nobody can log in yet').isVisible()).toBe(true);
		await page.goto(linkOf(earlier.stdout()));
		await page.getByRole('alert').filter({ hasText: 'can not be used' }).waitFor();

		await page.goto(link);
		await page.getByText('You will be an administrator').waitFor();
		expect(page.url()).not.toContain('#');
		await page.getByLabel('Name').fill('Ann');
		await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
		await page.getByLabel('Password, once more').fill(PASSWORD);
		await page.getByRole('button', { name: 'Come in' }).click();
		await page.waitForURL(`${first.address}/`);

		await page.goto(`${first.address}/users`);
		expect(await page.getByRole('row').filter({ hasText: 'ann' }).innerText()).toMatch(/you.*Administrator/s);
		const again = await send(`${first.address}/welcome?/open`, { secret: link });
		expect(again.status).toBe(410);
		first.kill('SIGTERM');
		await first.ended;
		const later = await startProcess(env);
		expect(later.stdout()).not.toContain('First user');
	});
});

describe('somebody who is invited', () => {
	it('comes in as a viewer of one shop, is offered what they may see alone, and is out once they are disabled', async () => {
		const { address } = room();
		const cookie = await joined('vera', 'viewer', 'a.example');
		expect(await statusOf(`${address}/sessions`, cookie)).toBe(200);
		for (const path of ['/users', '/audit', '/audit/csv', '/system', '/backfill', '/erasures', '/costs/prices'])
			expect([path, await statusOf(address + path, cookie)]).toEqual([path, 403]);

		const page = await openPage('about:blank');
		await page.context().addCookies([{ name: 'login', value: cookie.split('=')[1] ?? '', url: address }]);
		await page.goto(`${address}/account`);
		expect(await page.locator('main h1').innerText()).toBe('vera');
		const names = await page.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts();
		expect(names).toContain('Sessions');
		expect(names).not.toContain('System');
		await page.locator('header summary').click();
		const own = page.locator('header details');
		expect(await own.getByRole('link').allInnerTexts()).toEqual(['Your account']);
		// The key opens nothing before the page's script listens for it.
		await expectLive(page);
		await page.keyboard.press('Control+k');
		await page
			.getByRole('option')
			.filter({ hasText: /^\s*Sessions/ })
			.waitFor();
		const found = (await page.getByRole('option').allInnerTexts()).map((text) => text.trim());
		expect(found.filter((text) => /^(Users|Audit|System|Archive)/.test(text))).toEqual([]);

		await send(`${address}/users?/disable`, { id: await idOf('vera') }, { cookie: await admin() });
		expect(await statusOf(`${address}/sessions`, cookie)).toBe(303);
		await page.goto(`${address}/sessions`);
		expect(new URL(page.url()).pathname).toBe('/login');
		expect((await logIn('vera')).status).toBe(401);
	});

	it('is named by their login in what they do, and noted in the audit', async () => {
		const { address } = room();
		const cookie = await joined('otto', 'operator');
		const price = {
			provider: 'fal',
			model: '',
			operation: '',
			validFrom: '2026-11-22',
			priceUsd: '0.04',
			by: 'Mallory'
		};
		expect((await send(`${address}/costs/prices?/set`, price, { cookie })).status).toBe(303);
		const html = await (await fetch(`${address}/costs/prices`, { headers: { cookie } })).text();
		expect(html).not.toContain('name="by"');
		expect(html).toContain('otto');
		expect(html).not.toContain('Mallory');
		const csv = await (await fetch(`${address}/audit/csv?actor=ott`, { headers: { cookie: await admin() } })).text();
		const actions = csv.split('\r\n').map((line) => line.split(',')[5]);
		expect(actions).toEqual(['action', 'price.set', 'user.joined', undefined]);
	});

	it('comes in without JavaScript, by what is pasted, and sets a new password by a link that ends what was before', async () => {
		const { address } = room();
		const cookie = await joined('nora', 'viewer');
		const reset = await send(`${address}/users?/reset`, { id: await idOf('nora') }, { cookie: await admin() });
		const page = await openPage(`${address}/welcome`, { javaScriptEnabled: false });
		await page.getByLabel('Link').fill(` ${linkIn(reset.html)} `);
		await page.getByRole('button', { name: 'Go on' }).click();
		await page.getByLabel('Password', { exact: true }).fill('another horse battery');
		await page.getByLabel('Password, once more').fill('another horse batteries');
		await page.getByRole('button', { name: 'Set password' }).click();
		await page.getByRole('alert').filter({ hasText: 'differ' }).waitFor();
		await page.getByLabel('Password', { exact: true }).fill('another horse battery');
		await page.getByLabel('Password, once more').fill('another horse battery');
		await page.getByRole('button', { name: 'Set password' }).click();
		await page.waitForURL(`${address}/`);
		expect(await statusOf(`${address}/sessions`, cookie)).toBe(303);

		await page.goto(`${address}/account`);
		await page.getByRole('button', { name: 'Log out here' }).click();
		await page.waitForURL((url) => url.pathname === '/login');
		expect((await logIn('nora')).status).toBe(401);
		expect((await logIn('nora', 'another horse battery')).status).toBe(303);
	});
});

describe('a login', () => {
	it('goes on where one came from, and is a new one each time, whatever cookie was planted', async () => {
		const { address } = room();
		const planted = 'p'.repeat(43);
		const to = encodeURIComponent('/errors?view=list');
		const first = await send(`${address}/login?to=${to}`, { name: ' Admin ', password: PASSWORD }, { cookie: `login=${planted}` }); // prettier-ignore
		expect(first).toMatchObject({ status: 303, location: '/errors?view=list' });
		expect(first.cookie).not.toContain(planted);
		expect(first.setCookie).toMatch(/HttpOnly/i);
		expect(first.setCookie).toMatch(/SameSite=Lax/i);
		expect(await statusOf(`${address}/sessions`, `login=${planted}`)).toBe(303);

		const second = await logIn('admin', PASSWORD, { cookie: first.cookie });
		expect(second.cookie).not.toBe(first.cookie);
		expect(await statusOf(`${address}/sessions`, first.cookie)).toBe(303);
		expect(await statusOf(`${address}/sessions`, second.cookie)).toBe(200);
		expect((await send(`${address}/logout`, {}, { cookie: second.cookie })).location).toBe('/login');
		expect(await statusOf(`${address}/sessions`, second.cookie)).toBe(303);
	});

	it('is over when its time is, and no forged one is any', async () => {
		const { address } = room();
		const { cookie } = await logIn();
		for (const forged of [`${cookie}x`, cookie.slice(0, -1), 'login=', 'login=admin', `login=${'\u00e9'.repeat(43)}`])
			expect([forged, await statusOf(`${address}/sessions`, encodeURI(forged))]).toEqual([forged, 303]);
		expect(await statusOf(`${address}/sessions`, cookie)).toBe(200);
		await database.sql`update logins set expires_at = now() where token_hash = ${hashOf(cookie.split('=')[1] ?? '')}`;
		expect(await statusOf(`${address}/sessions`, cookie)).toBe(303);
	});

	it('says the same of a name that nobody has, and keeps in the audit no name that is none', async () => {
		const [known, unknown] = [await logIn('admin', 'a wrong password'), await logIn('my secret password', 'x')];
		expect([known.status, unknown.status]).toEqual([401, 401]);
		const said = (html: string) => /role="alert"[^>]*>([^<]*)</.exec(html)?.[1];
		expect(said(known.html)).toBe('That is not a name and its password.');
		expect(said(unknown.html)).toBe(said(known.html));
		const failed = await database.sql<{ object: string }[]>`select object from audit where action = 'login.failed' order by id`; // prettier-ignore
		expect(failed.slice(-2).map(({ object }) => object)).toEqual(['admin', 'a name that nobody has']);
	});

	it('can be tried eight times in a row for a name, and not the ninth time, with how long to wait', async () => {
		// At once: one after the other, they can take so long that a further one is due.
		const answers = await Promise.all(Array.from({ length: 9 }, (_, attempt) => logIn('guessed', `guess ${attempt}`)));
		const [ninth, ...others] = answers.sort((one, other) => other.status - one.status);
		expect(others.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 401));
		if (ninth?.status !== 429) expect.fail(`the ninth was answered ${ninth?.status}`);
		expect(Number(ninth.headers.get('retry-after'))).toBeGreaterThan(0);
		expect(ninth.html).toMatch(/Too many attempts\. Try again in \d+ seconds\./);
	});

	it('is changed with the password by its user, which logs out everywhere else', async () => {
		const { address } = room();
		const cookie = await joined('paul', 'viewer');
		const other = await logIn('paul');
		const change = (old: string) =>
			send(`${address}/account?/password`, { old, password: 'another horse battery', again: 'another horse battery' }, { cookie }); // prettier-ignore
		expect((await change('not my password')).status).toBe(400);
		const changed = await change(PASSWORD);
		expect(changed.status).toBe(303);
		expect(await statusOf(`${address}/sessions`, other.cookie)).toBe(303);
		expect(await statusOf(`${address}/sessions`, cookie)).toBe(303);
		expect(await statusOf(`${address}/sessions`, changed.cookie)).toBe(200);
		const refused = await send(`${address}/account?/password`, { old: PASSWORD, password: 'another horse battery', again: 'another horse battery' }, { cookie: await admin() }); // prettier-ignore
		expect(refused.status).toBe(409);
	});

	it('behind a proxy that speaks TLS has a cookie that no other host can plant and no plain request carries', async () => {
		const { url } = await newDatabase();
		const secure = await startProcess({
			DATABASE_URL: url,
			PORT: '0',
			ADMIN_PASSWORD,
			TRUSTED_PROXIES: '127.0.0.1',
			PUBLIC_ORIGINS: 'https://room.example'
		});
		const answer = await send(`${secure.address}/login`, { name: 'admin', password: PASSWORD }, { ...HTTPS, origin: 'https://room.example' }); // prettier-ignore
		expect(answer.status).toBe(303);
		expect(answer.setCookie).toMatch(/^__Host-login=[\w-]{43};/);
		for (const option of [/; Secure/i, /; HttpOnly/i, /; Path=\//i, /; SameSite=Lax/i]) expect(answer.setCookie).toMatch(option); // prettier-ignore
		expect(answer.setCookie).not.toMatch(/Domain/i);
		expect(await statusOf(`${secure.address}/sessions`, answer.cookie, HTTPS)).toBe(200);
		const plain = answer.cookie.replace('__Host-', '');
		expect(await statusOf(`${secure.address}/sessions`, plain, HTTPS)).toBe(303);
		const seen = await fetch(`${secure.address}/account`, { headers: { ...HTTPS, cookie: answer.cookie } });
		expect(await seen.text()).toContain('203.0.113.5');
	});
});

describe('the pages about people', () => {
	it('have nothing that axe would find, in light and in dark, fit on a phone, and do without JavaScript', async () => {
		const { address } = room();
		await joined('quinn', 'viewer', 'a.example, b.example');
		const cookie = await admin();
		await send(`${address}/users?/invite`, { name: '', role: 'operator', shops: '' }, { cookie });
		const found: Record<string, string[]> = {};
		const page = await openPage('about:blank');
		const plain = await openPage('about:blank', { javaScriptEnabled: false });
		for (const path of ['/login', '/welcome', '/users', '/account', '/audit']) {
			const faults: string[] = (found[path] = []);
			const isInside = path !== '/login' && path !== '/welcome';
			for (const one of [page, plain]) {
				await one.context().clearCookies();
				if (isInside) await one.context().addCookies([{ name: 'login', value: cookie.split('=')[1] ?? '', url: address }]); // prettier-ignore
			}
			await page.setViewportSize({ width: 1440, height: 900 });
			await page.emulateMedia({ colorScheme: 'light' });
			await page.goto(address + path);
			if (isInside) await page.locator('header summary').click();
			faults.push(...(await axeFindings(page)));
			await page.emulateMedia({ colorScheme: 'dark' });
			faults.push(...(await axeFindings(page)));
			await page.setViewportSize({ width: 390, height: 844 });
			if (isInside) await page.keyboard.press('Escape');
			const width = await page.evaluate(() => document.scrollingElement?.scrollWidth ?? Infinity);
			if (width > 390) faults.push(`${width} pixels wide on a phone`);
			const answer = await plain.goto(address + path);
			if (answer?.status() !== 200 || !(await plain.locator('main form').first().isVisible())) faults.push('no form');
		}
		expect(found).toEqual({ '/login': [], '/welcome': [], '/users': [], '/account': [], '/audit': [] });
	});
});
