/**
 * Write keys and API tokens on the real process: made on their page, used by pages, beacons and servers, and ended. And
 * the lines that the documentation and the page show for it.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createKey, setKeyMode, type KeyWish, type NewKey } from '../../src/lib/server/access/keys';
import { axeFindings } from '../support/axe';
import { TESTER } from '../support/actor';
import { useBrowser } from '../support/browser';
import { testDatabase, type TestDatabase } from '../support/database';
import { useProcess } from '../support/process';
import { openSdkShop } from '../support/sdk-shop';

const exec = promisify(execFile);
const openPage = useBrowser();
const PATIENCE = { timeout: 60_000, interval: 25 };

let database: TestDatabase;
const server = useProcess(async () => {
	database = await testDatabase();
	return { DATABASE_URL: database.url, PORT: '0' };
});
beforeAll(() => () => database.drop());

const endpoint = () => `${server().address}/api/analytics/events`;

/** A key, and a process that knows it. */
async function make(change: Partial<KeyWish> = {}): Promise<NewKey> {
	const made = await createKey(
		database.sql,
		{ name: 'web', shop: null, kind: 'browser', origins: [], ...change },
		TESTER
	);
	await require(true);
	onTestFinished(async () => {
		await require(false);
		await database.sql`delete from write_keys`;
	});
	return made;
}

async function require(isRequired: boolean): Promise<void> {
	await setKeyMode(database.sql, isRequired ? 'require' : 'mark', TESTER);
	const status = async () => (await fetch(endpoint(), { method: 'POST', body: '[]' })).status;
	await expect.poll(status, PATIENCE).toBe(isRequired ? 401 : 200);
}

/** Who vouched for the events of a type. */
async function vouchers(type: string): Promise<(string | null)[]> {
	const rows = await database.sql<{ key: string | null }[]>`
		select key_id as key from analytics_events where event_type = ${type} order by id`;
	return rows.map(({ key }) => key);
}

describe('events over HTTP', () => {
	it('are refused without a key in words that a page of any origin may read', async () => {
		const { secret, id } = await make({ shop: 'a.example', origins: ['https://shop.example'] });
		const send = (url: string, body: object, headers: Record<string, string> = {}) =>
			fetch(url, {
				method: 'POST',
				body: JSON.stringify(body),
				headers: { origin: 'https://shop.example', ...headers }
			});
		const batch = {
			events: [
				{ type: 'by_http', shopDomain: 'a.example' },
				{ type: 'by_http', shopDomain: 'b.example' }
			]
		};
		const refused = await send(endpoint(), batch);
		expect(refused.status).toBe(401);
		expect(refused.headers.get('access-control-allow-origin')).toBe('*');
		expect(await refused.json()).toMatchObject({ error: { code: 'key_required' } });
		const elsewhere = await send(`${endpoint()}?key=${secret}`, batch, { origin: 'https://evil.example' });
		expect(await elsewhere.json()).toMatchObject({ error: { code: 'invalid_key' } });
		expect(await vouchers('by_http')).toEqual([]);

		const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-control-room-key' };
		const preflight = await fetch(endpoint(), { method: 'OPTIONS', headers: asked });
		expect(preflight.headers.get('access-control-allow-headers')).toContain('x-control-room-key');
		const answers = [
			await send(endpoint(), batch, { 'x-control-room-key': secret }),
			await send(`${endpoint()}?key=${secret}`, batch),
			await send(endpoint(), { key: secret, ...batch })
		];
		expect(await Promise.all(answers.map((answer) => answer.json()))).toMatchObject([
			{ accepted: 1, duplicates: 0, rejected: [{ index: 1, reason: 'the write key is of another shop' }] },
			{ accepted: 0, duplicates: 1, rejected: [{ index: 1 }] },
			{ accepted: 0, duplicates: 1, rejected: [{ index: 1 }] }
		]);
		expect(await vouchers('by_http')).toEqual([id]);
	});

	it('are taken from a server that signs as the documentation shows', async () => {
		const { id, secret } = await make({ kind: 'server' });
		const text = readFileSync('docs/clients/keys.md', 'utf8');
		const code = /^```js\n([^]*?)^```$/m.exec(text)?.[1] ?? '';
		const folder = await mkdtemp(join(tmpdir(), 'control-room-keys-'));
		onTestFinished(() => rm(folder, { recursive: true, force: true }));
		await writeFile(join(folder, 'send.mjs'), code);
		const env = { PATH: process.env.PATH, CONTROL_ROOM_ENDPOINT: endpoint(), CONTROL_ROOM_KEY_ID: id };
		const run = (more: NodeJS.ProcessEnv) =>
			exec(process.execPath, ['send.mjs'], { cwd: folder, env: { ...env, ...more } });
		const { stdout } = await run({ CONTROL_ROOM_SECRET: secret });
		expect(JSON.parse(stdout)).toMatchObject({ success: true, accepted: 1 });
		expect(await vouchers('order_placed')).toEqual([id]);
		const wrong = await run({ CONTROL_ROOM_SECRET: 'another' });
		expect(JSON.parse(wrong.stdout)).toMatchObject({ error: { code: 'invalid_key' } });
	});

	it('of a shop’s page have the key that its client was made with, also those of a beacon', async () => {
		const { id, secret } = await make();
		const page = await openPage(await openSdkShop(server().address, endpoint(), { key: secret }));
		await page.evaluate(async () => {
			window.client.track('by_sdk', {});
			await window.client.flush();
			window.client.track('by_beacon', {});
		});
		await page.close({ runBeforeUnload: true });
		await expect.poll(() => vouchers('by_sdk'), PATIENCE).toEqual([id]);
		await expect.poll(() => vouchers('by_beacon'), PATIENCE).toEqual([id]);
	});
});

describe('the page of keys', () => {
	it('makes a key whose lines work, shows it once, rotates it and revokes it, and keeps who did it', async () => {
		onTestFinished(async () => {
			await require(false);
			await database.sql`delete from write_keys where replaces is not null`;
			await database.sql`delete from write_keys`;
		});
		const page = await openPage(`${server().address}/keys`, { javaScriptEnabled: false });
		const main = page.locator('main');
		await page.getByLabel('Name').first().fill('the shop’s server');
		await page.getByLabel('Used in').selectOption('server');
		await page.getByRole('button', { name: 'Make a key' }).click();
		const lines = await main.locator('pre').innerText();
		const { stdout } = await exec('sh', ['-ec', lines]);
		expect(JSON.parse(stdout)).toMatchObject({ success: true, accepted: 1 });
		const [key] = await database.sql<{ id: string; secret: string }[]>`select id, secret from write_keys`;
		await expect.poll(() => vouchers('custom'), PATIENCE).toEqual([key?.id]);
		await page.goto(`${server().address}/keys`);
		expect(await page.content()).not.toContain(key?.secret);

		await page.getByLabel('Require').check();
		await page.getByRole('button', { name: 'Set the mode' }).click();
		await main.getByText('Events without a key are refused.').waitFor();
		await page.getByRole('button', { name: 'Rotate the shop’s server' }).click();
		await expect.poll(() => main.innerText(), PATIENCE).toContain('The successor of “the shop’s server”');
		await page.goto(`${server().address}/keys`);
		expect(await page.getByRole('button', { name: /^Rotate/ }).count()).toBe(1);
		for (let left = 2; left > 0; left--) {
			const revoke = page.getByRole('button', { name: /^Revoke/ });
			await expect.poll(() => revoke.count(), PATIENCE).toBe(left);
			await revoke.first().click();
		}
		await expect.poll(() => page.getByRole('button', { name: /^Revoke/ }).count(), PATIENCE).toBe(0);
		const audit = await database.sql<{ action: string; detail: object }[]>`
			select action, detail from audit where action like 'key.%' and actor <> 'test' order by id`;
		expect(audit.map(({ action }) => action)).toEqual([
			'key.created',
			'key.mode',
			'key.rotated',
			'key.revoked',
			'key.revoked'
		]);
		expect(JSON.stringify(audit)).not.toContain(key?.secret);
	});

	it('says what is wrong with what is asked for', async () => {
		const page = await openPage(`${server().address}/keys`, { javaScriptEnabled: false });
		await page.getByLabel('Name').first().fill('web');
		await page.getByLabel('Origins').fill('https://shop.example/path');
		await page.getByRole('button', { name: 'Make a key' }).click();
		await page.getByRole('alert').filter({ hasText: 'An origin looks like https://shop.example' }).waitFor();
		await page.getByLabel('Name').nth(1).fill('reader');
		await page.getByRole('button', { name: 'Make a token' }).click();
		await page
			.getByRole('alert')
			.filter({ hasText: /^Choose what the token is for\.$/ })
			.waitFor();
		expect(await database.sql`select from write_keys`).toHaveLength(0);
	});

	it('makes a token that opens just what it is for, until it is revoked', async () => {
		const page = await openPage(`${server().address}/keys`, { javaScriptEnabled: false });
		await page.getByLabel('Name').nth(1).fill('reader');
		await page.getByRole('checkbox', { name: /^read / }).check();
		await page.getByRole('button', { name: 'Make a token' }).click();
		const secret = (await page.locator('main code').first().innerText()).trim();
		const ask = async (path: string) =>
			(await fetch(server().address + path, { headers: { authorization: `Bearer ${secret}` } })).status;
		expect([await ask('/api/v1/sessions'), await ask('/api/backfill'), await ask('/keys')]).toEqual([200, 403, 403]);
		await page.goto(`${server().address}/keys`);
		expect(await page.content()).not.toContain(secret);
		await page.getByRole('button', { name: 'Revoke reader' }).click();
		await expect.poll(() => page.getByRole('button', { name: 'Revoke reader' }).count(), PATIENCE).toBe(0);
		expect(await ask('/api/v1/sessions')).toBe(401);
	});

	it.each(['light', 'dark'] as const)(
		'has nothing that axe would find, in %s, and fits into a hand',
		async (colorScheme) => {
			await make({ name: 'a key with quite a long name', shop: 'a.example', origins: ['https://shop.example'] });
			const page = await openPage(`${server().address}/keys`, { colorScheme, viewport: { width: 390, height: 844 } });
			expect(await axeFindings(page)).toEqual([]);
			expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
		}
	);
});

it('a token is made on the command line, where there are no pages', async () => {
	const cli = (...args: string[]) =>
		exec(process.execPath, ['src/launch.js', 'cli', 'token', ...args], {
			env: { PATH: process.env.PATH, HOME: process.env.HOME, DATABASE_URL: database.url }
		});
	const { stdout } = await cli('--name', 'nightly', '--scope', 'backfill', '--days', '7');
	expect(stdout).toMatch(/^[\w-]{43}\n$/);
	const ask = async (path: string) =>
		(await fetch(server().address + path, { headers: { authorization: `Bearer ${stdout.trim()}` } })).status;
	expect([await ask('/api/backfill'), await ask('/api/v1/sessions')]).toEqual([200, 403]);
	await expect(cli('--name', 'nightly', '--scope', 'everything')).rejects.toThrow('A --scope is one of');
});
