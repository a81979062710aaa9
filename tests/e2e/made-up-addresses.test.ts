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
