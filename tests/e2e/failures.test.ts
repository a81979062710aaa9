/**
 * The wall through failures: whatever breaks while events keep coming, within 2 seconds of the recovery it equals SQL
 * again, by itself. "Recovery" is when /readyz says so and the client has got rid of what it held back.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect, type Sql } from '../../src/lib/server/db/connect';
import { useBrowser } from '../support/browser';
import { distinctTimes, shopEvent, startClient, type Client } from '../support/client';
import { signalPostgres, temporaryDataDir } from '../support/data-directory';
import { testDatabase } from '../support/database';
import { freePort, startProcess, type Running } from '../support/process';
import { openShop } from '../support/shop';
import { connection, expected, expectLive, expectWallToEqualSql, shown } from '../support/wall';

const RECOVERY_MS = 2_000;
/** Recoveries that must be quick, of at most so many: a busy machine makes some slow, a defect most. */
const [QUICK, MOST] = [3, 9];
const openPage = useBrowser();

interface Room {
	address: string;
	sql: Sql;
	wall: Page;
	/** Starts a client whose sessions are none of an earlier one's. */
	client(): Client;
}

async function openRoom(address: string, sql: Sql): Promise<Room> {
	const wall = await openPage(address);
	await expectLive(wall);
	// A page that was loaded anew would not know it.
	await wall.evaluate(() => (document.documentElement.dataset['loaded'] = 'once'));
	const at = distinctTimes();
	let clients = 0;
	return {
		address,
		sql,
		wall,
		client() {
			const prefix = `sess_${clients++}`;
			return startClient({ address, connections: 2, batch: 4, restMs: 15, make: (n) => shopEvent(n, at(), prefix) });
		}
	};
}

async function openRoomOnDatabase(): Promise<Room> {
	const database = await testDatabase();
	onTestFinished(() => database.drop());
	const { address } = await startProcess({ DATABASE_URL: database.url, PORT: '0' });
	return openRoom(address, database.sql);
}

/** A room with a database of its own, in a process that `start` starts again with the same settings. */
async function openRoomOnDataDir(): Promise<Room & { app: Running; dataDir: string; start(): Promise<Running> }> {
	const dataDir = await temporaryDataDir();
	const port = String(await freePort());
	const start = () => startProcess({ DATA_DIR: dataDir, PORT: port });
	const app = await start();
	const sql = connect({ url: app.databaseUrl, application: 'tests', max: 1 });
	onTestFinished(() => sql.end({ timeout: 1 }));
	return { ...(await openRoom(app.address, sql)), app, dataDir, start };
}

async function isReady(address: string): Promise<boolean> {
	return fetch(`${address}/readyz`).then(
		(answer) => answer.ok,
		() => false
	);
}

/** Waits for the recovery, and then for the wall to be right; resolves to the milliseconds between them. */
async function recovery({ address, sql, wall }: Room, client: Client): Promise<number> {
	await expect.poll(() => isReady(address), { timeout: 60_000, interval: 20 }).toBe(true);
	await client.drain();
	const recovered = performance.now();
	const truth = await expected(sql);
	while (!isDeepStrictEqual(await shown(wall), truth)) {
		if (performance.now() - recovered > 20_000) expect(await shown(wall)).toEqual(truth);
		await pause(10);
	}
	return performance.now() - recovered;
}

/** Lets something break and recover until that was quick often enough. */
async function expectQuick(breakDown: () => Promise<number>, quick = QUICK, most = MOST): Promise<void> {
	const took: number[] = [];
	const isQuickEnough = () => took.filter((ms) => ms <= RECOVERY_MS).length >= quick;
	while (!isQuickEnough() && took.length < most) took.push(await breakDown());
	expect(isQuickEnough(), `took ${took.map(Math.round).join(', ')} ms`).toBe(true);
}

/** Kills the connections whose application is like this; resolves to their number. */
async function killConnections(sql: Sql, application: string): Promise<number> {
	const killed = await sql`
		select pg_terminate_backend(pid)
		from pg_stat_activity
		where datname = current_database() and application_name like ${application}`;
	return killed.count;
}

async function expectNoReload(wall: Page): Promise<void> {
	expect(await wall.evaluate(() => document.documentElement.dataset['loaded'])).toBe('once');
}

describe('the wall', () => {
	it('equals SQL again within 2 s after all connections of the process are killed', async () => {
		const room = await openRoomOnDatabase();
		const { sql, wall } = room;
		await expectQuick(async () => {
			const client = room.client();
			await client.acknowledges(40);
			expect(await killConnections(sql, 'control-room%')).toBeGreaterThan(2);
			await client.acknowledges(40);
			return recovery(room, client);
		});
		await expectLive(wall);
		await expectNoReload(wall);
	});

	it('equals SQL again within 2 s after its listener alone was killed, over and over, while events were committed', async () => {
		const room = await openRoomOnDatabase();
		const { sql, wall } = room;
		await expectQuick(async () => {
			const client = room.client();
			await client.acknowledges(40);
			const deaf = client.acknowledges(40).then(() => client.drain());
			const over = new AbortController();
			const noted = deaf.finally(() => {
				over.abort();
			});
			let killed = 0;
			// Nobody hears of the last events: only what is read again brings them to the wall.
			while (!over.signal.aborted) killed += await killConnections(sql, 'control-room listen');
			await noted;
			expect(killed).toBeGreaterThan(0);
			return recovery(room, client);
		});
		await expectLive(wall);
		await expectNoReload(wall);
	});

	it('keeps its values and says that it is disconnected while the process is away, and equals SQL again within 2 s', async () => {
		const room = await openRoomOnDataDir();
		const { sql, wall } = room;
		let { app } = room;
		await expectQuick(async () => {
			const first = room.client();
			await first.acknowledges(60);
			await first.drain();
			await expectWallToEqualSql(wall, sql);
			const before = await shown(wall);

			app.kill('SIGKILL');
			await app.ended;
			const client = room.client();
			await expect.poll(() => connection(wall).innerText()).toMatch(/^\s*Disconnected since \d/);
			expect(await shown(wall)).toEqual(before);
			app = await room.start();
			const took = await recovery(room, client);
			await expectLive(wall);
			return took;
		});
		await expectNoReload(wall);
	});

	it('keeps its values and says that it is not up to date while the database hangs, and equals SQL again within 2 s of its restart', async () => {
		const room = await openRoomOnDataDir();
		const { sql, wall, dataDir } = room;
		await expectQuick(
			async () => {
				const first = room.client();
				await first.acknowledges(40);
				await first.drain();
				await expectWallToEqualSql(wall, sql);
				const before = await shown(wall);

				await signalPostgres(dataDir, 'SIGSTOP');
				// Whatever happens here: a frozen server would keep its process from ending.
				onTestFinished(() => signalPostgres(dataDir, 'SIGCONT'));
				const client = room.client();
				await expect.poll(() => connection(wall).innerText()).toMatch(/Not up to date since \d\d:\d\d/);
				expect(await shown(wall)).toEqual(before);
				expect(await isReady(room.address)).toBe(false);
				await signalPostgres(dataDir, 'SIGKILL');
				await client.acknowledges(40);
				return recovery(room, client);
			},
			1,
			3
		);
		await expectLive(wall);
		await expectNoReload(wall);
	});

	it('lets no page of another origin listen', async () => {
		const { address, wall } = await openRoomOnDatabase();
		const shop = await openShop(openPage, address);
		const handshake = (page: Page) =>
			page.evaluate(
				(url) =>
					new Promise<string>((resolve) => {
						const socket = new WebSocket(url);
						socket.onmessage = (message) => resolve(String(message.data).slice(0, 1));
						socket.onerror = () => resolve('refused');
					}),
				`${address.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`
			);
		// "0" opens a session of Socket.IO.
		expect(await handshake(wall)).toBe('0');
		expect(await handshake(shop)).toBe('refused');
	});
});
