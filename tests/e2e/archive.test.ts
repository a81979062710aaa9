/** The process and its archive: killed in the middle of shipping, with a bucket that is away, and by the command line. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { FileStore } from '../../src/lib/server/archive/files';
import type { Sql } from '../../src/lib/server/db/connect';
import { distinctTimes, shopEvent, startClient, type Client } from '../support/client';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event } from '../support/events';
import { startFakeBucket, type FakeBucket } from '../support/fake-gcs';
import { freePort, startProcess, temporaryFolder } from '../support/process';

const KILLS = 20;

let database: TestDatabase;
let sql: Sql;

beforeEach(async () => {
	database = await testDatabase();
	({ sql } = database);
	return () => database.drop();
});

async function bucket(): Promise<FakeBucket> {
	const fake = await startFakeBucket();
	onTestFinished(() => fake.close());
	return fake;
}

/** A store, and what is in it. */
interface Place {
	settings: NodeJS.ProcessEnv;
	bodies: () => Promise<string[]>;
}

function inBucket(fake: FakeBucket): Place {
	return {
		settings: { ARCHIVE_URL: 'gs://events/control-room', ARCHIVE_ENDPOINT: fake.endpoint },
		bodies: () => Promise.resolve([...fake.objects.values()].map(({ body }) => body.toString()))
	};
}

async function inFolder(): Promise<Place> {
	const folder = join(await temporaryFolder(), 'archive');
	return {
		settings: { ARCHIVE_URL: pathToFileURL(folder).href },
		async bodies() {
			const bodies: string[] = [];
			for await (const { name } of new FileStore(folder).list({ prefix: '' })) {
				bodies.push(await readFile(join(folder, name), 'utf8'));
			}
			return bodies;
		}
	};
}

const SOON = { ARCHIVE_MAX_AGE_SECONDS: '0', ARCHIVE_OBJECT_BYTES: '4096' };

function crowd(address: string): Client {
	const at = distinctTimes();
	// More would only wait to be shipped at the end.
	return startClient({ address, connections: 4, batch: 5, restMs: 15, make: (n) => shopEvent(n, at(), 'sess') });
}

interface State {
	archive: {
		waiting: { commits: number; events: number; bytes: number; oldestAt: number | null };
		shipped: { objects: number; events: number };
		fault: string | null;
	};
	process: { archive: { url: string; fault: string | null } };
}

async function stateOf(address: string): Promise<State> {
	return (await (await fetch(`${address}/api/v1/system`)).json()) as State;
}

async function shipped(): Promise<number> {
	const [row] = await sql<{ objects: number }[]>`
		select count(*)::int as objects from archive_objects where state = 'shipped'`;
	return row?.objects ?? 0;
}

async function expectEachOnce({ bodies }: Place): Promise<void> {
	const rows = await sql<{ id: string }[]>`select id from analytics_events`;
	const times = new Map<string, number>();
	for (const body of await bodies()) {
		const { events } = JSON.parse(body) as { events: { id: string }[] };
		for (const { id } of events) times.set(id, (times.get(id) ?? 0) + 1);
	}
	expect({
		missing: rows.filter(({ id }) => !times.has(id)).length,
		twice: [...times].filter(([, count]) => count !== 1),
		events: times.size
	}).toEqual({ missing: 0, twice: [], events: rows.length });
}

describe(`kill -9 of the process, ${KILLS} times while it ships under load, leaves each event in exactly one object`, () => {
	it.each([
		['of a bucket', async () => inBucket(await bucket())],
		['of a folder', inFolder]
	])('%s', async (_, place) => {
		const there = await place();
		const settings = { DATABASE_URL: database.url, PORT: String(await freePort()), ...SOON, ...there.settings };
		let app = await startProcess(settings);
		const client = crowd(app.address);
		let cut = 0;
		for (let kill = 0; kill < KILLS; kill++) {
			const before = await shipped();
			await expect.poll(shipped).toBeGreaterThan(before);
			// Not a wait for something: the moment of the kill is to be any.
			await pause(Math.random() * 150);
			app.kill('SIGKILL');
			expect(await app.ended).toMatchObject({ signal: 'SIGKILL' });
			const left = await sql`select from archive_objects where state = 'waiting' and claim is not null`;
			if (left.length > 0) cut++;
			app = await startProcess(settings);
		}
		await client.drain();
		expect(cut, 'kills in the middle of an object').toBeGreaterThan(0);
		await expect
			.poll(async () => (await stateOf(app.address)).archive.waiting.commits, { timeout: 90_000, interval: 500 })
			.toBe(0);
		await expectEachOnce(there);
		app.kill('SIGTERM');
		expect(await app.ended).toMatchObject({ code: 0 });
	});
});

describe('a bucket that is away', () => {
	it('costs nothing but a backlog, which is seen, and drained when it is back', async () => {
		const fake = await bucket();
		const place = inBucket(fake);
		fake.token = 'another';
		const app = await startProcess({
			DATABASE_URL: database.url,
			PORT: '0',
			...SOON,
			...place.settings,
			GOOGLE_CREDENTIALS_JSON: JSON.stringify({ ...fake.credentials, private_key: 'very-secret' })
		});
		const archive = async () => (await stateOf(app.address)).archive;
		const client = crowd(app.address);

		// First it does not know the credentials.
		await client.acknowledges(50);
		await expect
			.poll(async () => (await stateOf(app.address)).process.archive)
			.toEqual({ url: 'gs://events/control-room/', fault: expect.stringContaining('Invalid Credentials') as unknown });
		expect((await archive()).waiting.events).toBeGreaterThan(0);
		fake.token = 'right';
		await expect.poll(shipped).toBeGreaterThan(0);

		// Then it does not answer at all, for as long as it takes to fail several times.
		fake.away = true;
		const asked = fake.requests.length;
		await expect.poll(() => fake.requests.length - asked).toBeGreaterThan(15);
		await client.acknowledges(200);
		const { waiting, fault } = await archive();
		expect(waiting.events).toBeGreaterThan(200);
		expect(waiting.bytes).toBeGreaterThan(10_000);
		expect(Date.now() - (waiting.oldestAt ?? Date.now())).toBeGreaterThan(1_000);
		expect(fault).toMatch(/ECONNRESET|socket hang up/);
		await client.drain();
		expect([...client.answers.keys()], 'every answer, all the time').toEqual([200]);

		fake.away = false;
		await expect.poll(async () => (await archive()).waiting.commits, { timeout: 90_000, interval: 500 }).toBe(0);
		await expectEachOnce(place);
		expect([...fake.objects.keys()].every((name) => name.startsWith('control-room/analytics/events/'))).toBe(true);
		await expect.poll(async () => (await stateOf(app.address)).process.archive.fault).toBeNull();
		app.kill('SIGTERM');
		const end = await app.ended;
		expect(end.code).toBe(0);
		expect(end.stdout + end.stderr).not.toMatch(/very-secret|subject_token/);
	});
});

describe('the command "archive"', () => {
	it('ships what the server still keeps for a larger object, beside it, and says what lies where', async () => {
		const place = await inFolder();
		const settings = { DATABASE_URL: database.url, ...place.settings };
		const app = await startProcess({ ...settings, PORT: '0', ARCHIVE_MAX_AGE_SECONDS: '3600' });
		const client = crowd(app.address);
		await client.acknowledges(100);
		await client.drain();
		expect(await place.bodies()).toEqual([]);
		const run = () =>
			promisify(execFile)(process.execPath, ['src/launch.js', 'cli', 'archive'], {
				env: { PATH: process.env.PATH, HOME: process.env.HOME, ...settings }
			});
		const { stdout } = await run();
		await expectEachOnce(place);
		const url = String(place.settings['ARCHIVE_URL']);
		expect(stdout).toMatch(
			new RegExp(
				`^${url}: 1 object with ${client.acknowledged.size} events, [\\d,]+ bytes, from analytics/events/.*\\nEvery commit is in the archive\\.\\n$`
			)
		);
		expect((await run()).stdout).toBe(stdout);
		app.kill('SIGTERM');
		expect(await app.ended).toMatchObject({ code: 0 });
	});

	it('ends with a fault that says why when the bucket takes nothing', async () => {
		const fake = await bucket();
		fake.fail = () => 'unavailable';
		await commitEvents(sql, [event('ping', { id: 'e' })]);
		const end = await promisify(execFile)(process.execPath, ['src/launch.js', 'cli', 'archive'], {
			env: { PATH: process.env.PATH, DATABASE_URL: database.url, ...inBucket(fake).settings }
		}).catch((error: unknown) => error);
		expect(end).toMatchObject({
			code: 1,
			stdout: 'Not in the archive yet: 1 event in 1 commit.\n',
			stderr: expect.stringContaining('Not all could be shipped to gs://events/control-room/: ') as unknown
		});
	});
});
