/**
 * A log is read by more people than a secret is meant for. The process is given secrets in every place where one can be, is
 * made to fail with them, and what it said is searched for them.
 */
import { expect, it, onTestFinished } from 'vitest';
import { testDatabase } from '../support/database';
import { runToEnd, startProcess } from '../support/process';
import { raw } from '../support/raw';

const PASSWORD = 'tell-nobody-this-password';
const SECRET = 'SECRET5f2c9a';

it('says no secret that it was given, whatever fails', async () => {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const url = new URL(database.url);
	const { address, stdout, stderr, kill, ended } = await startProcess({
		DATABASE_URL: database.url,
		PORT: '0',
		LOG_LEVEL: 'trace',
		ADMIN_PASSWORD: PASSWORD,
		OPERATOR_TOKEN: `${SECRET}-operator-token`,
		SHOPIFY_API_SECRET: `${SECRET}-shopify`,
		TRUSTED_PROXIES: '127.0.0.1'
	});
	const headers = {
		cookie: `login=${SECRET}; display=${SECRET}; __Host-login=${SECRET}`,
		authorization: `Bearer ${SECRET}`,
		'x-write-key': SECRET,
		'x-shopify-hmac-sha256': SECRET
	};
	const ask = async () => {
		const form = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
		const event = JSON.stringify({ key: SECRET, events: [{ type: 'x' }] });
		await Promise.all([
			...['/', '/sessions', `/sessions?key=${SECRET}`, `/api/v1/sessions?token=${SECRET}`, `/screen?token=${SECRET}`, `/login?to=/x?key=${SECRET}`].map((path) => fetch(address + path, { headers, redirect: 'manual' })), // prettier-ignore
			fetch(`${address}/api/analytics/events?key=${SECRET}`, { method: 'POST', headers, body: event }),
			fetch(`${address}/api/analytics/events?key=${SECRET}`, { method: 'POST', headers, body: `{"${SECRET}` }),
			fetch(`${address}/api/webhooks/shopify`, { method: 'POST', headers, body: SECRET }),
			fetch(`${address}/login`, { ...form, body: `name=admin&password=${SECRET}` }),
			fetch(`${address}/login`, { ...form, body: `name=admin&password=${PASSWORD}`, redirect: 'manual' }),
			fetch(`${address}/login`, { ...form, headers: { 'content-type': 'multipart/form-data' }, body: SECRET }),
			raw(address, `BREW /${SECRET} HTTP/1.1\r\nHost: a b\r\nAuthorization: ${SECRET}\r\n\r\n`, /\r\n\r\n/)
		]);
	};
	await ask();
	// Whatever reads who asks fails from here on.
	await database.sql.unsafe(
		'alter table logins rename to logins_gone; alter table api_tokens rename to api_tokens_gone'
	);
	await ask();
	await expect.poll(() => stderr()).toContain('logins');
	// Whoever asks whether it is ready learns that it is not, and nothing of the database, its name, role or place.
	await database.drop();
	const readiness = async () => (await fetch(`${address}/readyz`)).text();
	await expect.poll(readiness).toContain('the database does not answer');
	const { reasons } = JSON.parse(await readiness()) as { reasons: string[] };
	for (const reason of reasons) expect(['the database does not answer', 'it does not hear what is committed', 'it can not commit']).toContain(reason); // prettier-ignore
	// As JSON has it.
	await expect
		.poll(() => stderr())
		.toContain(`the database does not answer: database \\"${url.pathname.slice(1)}\\" does`);
	kill('SIGTERM');
	await ended;
	const said = stdout() + stderr();
	expect(said).not.toContain(SECRET);
	expect(said).not.toContain(PASSWORD);
	// The banner tells how to look into a database, without the password of one that the operator brought.
	if (url.password) expect(stderr()).not.toContain(url.password);
});

it('refuses settings without repeating them', async () => {
	const { code, stdout, stderr } = await runToEnd({
		PORT: '0',
		DATABASE_URL: `mysql://user:${SECRET}@host/db`,
		ADMIN_PASSWORD: 'short',
		SHOPIFY_API_SECRET: 'tiny',
		GOOGLE_CREDENTIALS_JSON: `{"private_key":"${SECRET}"`
	});
	expect(code).toBe(1);
	expect(stdout + stderr).not.toContain(SECRET);
	expect(stderr).not.toMatch(/short\b(?! )|tiny/);
});
