/**
 * However many events come in meanwhile: two browsers on the same page and the wall come to the same figures, and to
 * those of SQL. How soon is measured by `npm run bench -- agree`.
 */
import { expect, it, onTestFinished } from 'vitest';
import { useBrowser } from '../support/browser';
import { distinctTimes, shopEvent, startClient } from '../support/client';
import { testDatabase } from '../support/database';
import { startProcess } from '../support/process';
import { figuresBySql, figuresOn, SCREENS } from '../support/screens';
import { expectLive, expectWallToEqualSql } from '../support/wall';

const DAY_MS = 86_400_000;
const EVENTS = 600;
const PATIENCE = { timeout: 60_000, interval: 25 };
const openPage = useBrowser();

it('two browsers and the wall agree with each other and with SQL when a stream of events ends', async () => {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const { sql, url } = database;
	const { address } = await startProcess({ DATABASE_URL: url, PORT: '0' });
	const time = distinctTimes();
	const make = (n: number) => shopEvent(n, time(), 'agree');
	const client = startClient({ address, connections: 4, batch: 3, restMs: 10, make });
	await client.acknowledges(50);
	const from = new Date(Date.now() - DAY_MS);
	const [wall, ...pages] = await Promise.all([
		openPage(address),
		...SCREENS.flatMap((screen) => {
			const path = `${address}${screen}?from=${from.toISOString()}`;
			return [openPage(path), openPage(path, { timezoneId: 'America/Argentina/Buenos_Aires' })];
		})
	]);
	for (const page of [wall, ...pages]) await expectLive(page);
	await client.acknowledges(EVENTS);
	await client.drain();

	for (const [index, page] of pages.entries()) {
		const screen = SCREENS[index >> 1] ?? '/sessions';
		const truth = await figuresBySql(sql, screen, { from });
		await expect.poll(() => figuresOn(page, screen), PATIENCE).toEqual(truth);
	}
	await expectWallToEqualSql(wall, sql);
	expect([...client.answers.keys()]).toEqual([200]);
});
