import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../support/database';
import { startProcess } from '../support/process';

/** A cursor as somebody might make it up. */
const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
const FAR = cursor('events', 'received', 'next', 1e300, '=a', 'x');

const PAGES: [string, number][] = [
	['/sessions?status=constructor', 200],
	['/sessions?status=__proto__', 200],
	[`/sessions?cursor=${cursor('sessions', 'started_at', 'next', 1e300, 'x')}`, 400],
	[`/analytics?cursor=${FAR}`, 400],
	['/errors/%00', 404],
	['/errors/constructor', 404],
	['/shops/%00', 404],
	['/costs?from=now-999999w', 400],
	['/journey?tz=%2B05:07', 400]
];
const API = [
	`/api/v1/events?cursor=${FAR}`,
	'/api/v1/rejected?cursor=x',
	'/api/v1/sessions?limit=0',
	'/api/v1/errors?format=xml'
];

test('an address that nobody was given is answered with what is wrong with it', async () => {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
	for (const [path, status] of PAGES) expect([path, (await fetch(address + path)).status]).toEqual([path, status]);
	for (const path of API) {
		const answer = await fetch(address + path);
		expect([path, answer.status]).toEqual([path, 400]);
		expect(await answer.json()).toMatchObject({ error: { code: 'invalid_query' } });
	}
	const shops = (await (await fetch(`${address}/api/v1/shops`)).json()) as { total: unknown };
	expect(shops.total).toMatchObject({ sessions: 0, cost: '0', errors: 0 });
});

/** Every page that takes forms. */
function pagesWithForms(): string[] {
	const files = readdirSync('src/routes', { recursive: true, encoding: 'utf8' });
	return files
		.map((name) => name.replaceAll('\\', '/'))
		.filter((name) => name.endsWith('+page.server.ts'))
		.filter((name) => /export const actions\b/.test(readFileSync(join('src/routes', name), 'utf8')))
		.map((name) => `/${name.replace('/+page.server.ts', '').replaceAll(/\[\w+\]/g, '0'.repeat(32))}`);
}

const BROKEN: [what: string, type: string, body: string][] = [
	['a multipart form without its end', 'multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; na'],
	['a multipart form without a boundary', 'multipart/form-data', 'by=Ann'],
	['a text that is no form', 'text/plain', 'by=Ann']
];

test('a form that nobody made is answered with what is wrong with it', async () => {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const { address, stdout } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
	const pages = pagesWithForms();
	expect(pages.length).toBeGreaterThan(2);
	for (const page of pages) {
		const post = async (query: string, type: string, body: string) => {
			const answer = await fetch(`${address}${page}${query}`, {
				method: 'POST',
				headers: { 'content-type': type },
				body
			});
			const known = { page, query, body, status: answer.status };
			return { ...known, answer: (await answer.json()) as { error?: { code: string } } };
		};
		for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
			const refused = await post(`?/${name}`, 'application/x-www-form-urlencoded', 'by=Ann');
			expect(refused).toMatchObject({ page, status: 404, answer: { error: { code: 'not_found' } } });
		}
		for (const [what, type, body] of BROKEN) {
			const refused = { what, ...(await post('?/resolve', type, body)) };
			expect(refused).toMatchObject({ what, page, status: 400, answer: { error: { code: 'bad_request' } } });
		}
	}
	expect(stdout()).not.toContain('a page failed');
});
