/**
 * Objects of the archive back in the log: whatever they are, however often and wherever a run is cut. One file, because every
 * test runs the same job on the same folder and database.
 */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runBackfill, type BackfillContext } from '../../src/lib/server/archive/backfill';
import { createJob, faultsOf, listJobs, noteDone, readJob, steerJob, takeUpJob, type Job, type Wish } from '../../src/lib/server/archive/backfill-jobs'; // prettier-ignore
import { nameAt } from '../../src/lib/server/archive/backfill-reading';
import { startBackfillRunner } from '../../src/lib/server/archive/backfill-runner';
import { takeTurn } from '../../src/lib/server/archive/backfill-turn';
import type { ObjectStore } from '../../src/lib/server/archive/store';
import { verify } from '../../src/lib/server/commit/rebuild';
import { startSweeper } from '../../src/lib/server/commit/sweeper';
import { Committer } from '../../src/lib/server/commit/committer';
import { createReader } from '../../src/lib/server/read/index';
import { folderArchive, sameStore, stateOf, writeObject, writeOlder } from '../support/archive';
import { testDatabase, type TestDatabase } from '../support/database';
import { batch, event } from '../support/events';

const ALL: Wish = { from: Date.parse('2026-01-01'), to: Date.parse('2026-03-01'), prefix: '', dryRun: false };
const NEVER = new AbortController().signal;
const log = { warn: () => undefined, error: () => undefined };

let database: TestDatabase;
beforeEach(async () => {
	database = await testDatabase();
});
afterEach(() => database.drop());

const contextOf = (store: ObjectStore, more: Partial<BackfillContext> = {}): BackfillContext => {
	return { url: database.url, sql: database.sql, store, log, ...more };
};

async function run(store: ObjectStore, wish: Partial<Wish> = {}, signal = NEVER): Promise<Job> {
	const { id } = await createJob(database.sql, { ...ALL, ...wish });
	const job = await takeUpJob(database.sql, 'test', id);
	if (!job) throw new Error('the job is gone');
	await runBackfill(contextOf(store), job, signal);
	const after = await readJob(database.sql, id);
	if (!after) throw new Error('the job is gone');
	return after;
}

/** What the deployed clients sent, each in its way. */
const say = (type: string, sessionId: string | null, second: number, data: object = {}, more: object = {}) => ({
	type,
	...(sessionId === null ? {} : { sessionId }),
	shopDomain: 'a.example',
	timestamp: `2026-01-09T11:00:${String(second).padStart(2, '0')}.000Z`,
	data,
	deviceContext: { deviceType: 'mobile', os: 'iOS' },
	...more
});
const CLIENT_A = [
	say('session_started', 'sa', 1, { productTitle: 'Chair', productPrice: 99.9 }),
	say('step_update', 'sa', 2, { step: 'mask', status: 'started' }),
	say('ai_request', 'sa', 3, { requestId: 'r1', status: 'pending', costUsd: 0.01 }),
	say('ai_request', 'sa', 5, { requestId: 'r1', status: 'success', costUsd: 0.02 }),
	say('error', 'sa', 6, { errorCode: 'E1', errorMessage: 'broken after 7 s' }),
	say('session_ended', 'sa', 9, { status: 'completed', durationMs: 8000 })
];
const CLIENT_B = [
	say('session_started', 'sb', 11, { flow: 'v2', env: 'production' }, { shopDomain: '' }),
	say('room_uploaded', 'sb', 12, {}, { shopDomain: '' }),
	say('session_ended', 'sb', 14, { status: 'abandoned', reason: 'page_unload', abandonmentStep: 'mask' })
];

async function writeClients(store: Awaited<ReturnType<typeof folderArchive>>): Promise<void> {
	await writeOlder(store, '2026-01-09T11:00:06.000Z', CLIENT_A.slice(0, 4));
	// Client A puts the batch back when the answer is lost, and sends it again with newer events.
	await writeOlder(store, '2026-01-09T11:00:10.000Z', CLIENT_A.slice(2));
	await writeOlder(store, '2026-01-09T11:00:15.000Z', CLIENT_B);
	// Client C: one event a request, overtaking each other.
	await writeOlder(store, '2026-02-01T00:00:00.000Z', [say('session_ended', 'sc', 30, { status: 'completed' })]);
	await writeOlder(store, '2026-02-01T00:00:00.001Z', [say('step_update', 'sc', 29, { step: 'final', status: 'completed' })]); // prettier-ignore
	await writeOlder(store, '2026-02-01T00:00:00.002Z', [say('ar_button_click', null, 27), 'no event', { data: 1 }]);
}

describe('objects of older versions', () => {
	it('come back with their times, addresses and ids, each event once, and what is none is kept', async () => {
		const store = await folderArchive();
		await writeClients(store);
		const job = await run(store);
		expect(job).toMatchObject({ state: 'done', objects: 6, objectsTotal: 6, damaged: 0, rejected: 2 });
		expect([job.events, job.newEvents, job.knownEvents]).toEqual([16, 12, 2]);
		const { sql } = database;
		const [row] = await sql`
			select count(*)::int as events, count(*) filter (where ip is null)::int as own, min(server_timestamp) as first
			from analytics_events`;
		expect(row).toEqual({ events: 12, own: 0, first: new Date('2026-01-09T11:00:06Z') });
		// Of the one that came twice the first stands.
		const [twice] = await sql`
			select server_timestamp as at, user_agent as agent from analytics_events
			where event_type = 'ai_request' and data ->> 'status' = 'success'`;
		expect(twice).toEqual({ at: new Date('2026-01-09T11:00:06Z'), agent: 'Mozilla/5.0' });
		const [session] =
			await sql`select status, total_ai_cost as cost, event_count from sessions where session_id = 'sa'`;
		expect(session).toEqual({ status: 'completed', cost: '0.02', event_count: 6 });
		expect((await verify(sql)).filter(({ onlyLive, onlyRebuilt }) => onlyLive + onlyRebuilt > 0)).toEqual([]);
		expect(await sql`select reason from rejected_events order by reason`).toMatchObject([
			{ reason: 'no type' },
			{ reason: 'not an object' }
		]);
	});

	it('are read as they are described: one whose every character is that of the description', async () => {
		const store = await folderArchive();
		const name = 'analytics/events/2026/01/09/2026-01-09T11:12:16.123Z_00ff00ff00ff00ff.json';
		await store.create(name, Buffer.from(`{ "serverTimestamp": "2026-01-09T11:12:16.123Z",
  "request": { "origin": "https://example.myshopify.com", "userAgent": "Mozilla/5.0 …", "ip": "203.0.113.9" },
  "events": [ {
    "type": "step_update",
    "sessionId": "sess_m3x_9f2k1c",
    "shopDomain": "example.myshopify.com",
    "timestamp": "2026-01-09T11:12:14.007Z",
    "data": { "step": "mask", "status": "completed", "durationMs": 8120, "maskEditCount": 2 },
    "deviceContext": { "deviceType": "mobile", "os": "iOS", "osVersion": "17.5", "browser": "Safari",
      "browserVersion": "17", "screenWidth": 390, "screenHeight": 844, "hasCamera": true,
      "hasGyroscope": true, "webglSupport": true, "connectionType": "4g" }
} ] }
`)); // prettier-ignore
		expect(await run(store)).toMatchObject({ objects: 1, newEvents: 1, damaged: 0, rejected: 0 });
		const { sql } = database;
		expect(
			await sql`
				select event_type, session_id, shop_domain, client_timestamp, server_timestamp, clock_shift_ms, user_agent, ip, extra
				from analytics_events`
		).toEqual([
			{
				event_type: 'step_update',
				session_id: 'sess_m3x_9f2k1c',
				shop_domain: 'example.myshopify.com',
				client_timestamp: new Date('2026-01-09T11:12:14.007Z'),
				server_timestamp: new Date('2026-01-09T11:12:16.123Z'),
				clock_shift_ms: '0',
				user_agent: 'Mozilla/5.0 …',
				ip: '203.0.113.9',
				extra: null
			}
		]);
		expect(await sql`select step, status, duration_ms, mask_edit_count, completed_at from session_steps`).toMatchObject(
			[{ step: 'mask', status: 'completed', mask_edit_count: 2, completed_at: new Date('2026-01-09T11:12:14.007Z') }]
		);
		expect(await sql`select status, device_type, os, browser from sessions`).toEqual([
			{ status: 'in_progress', device_type: 'mobile', os: 'iOS', browser: 'Safari' }
		]);
	});

	it('a second run changes nothing', async () => {
		const store = await folderArchive();
		await writeClients(store);
		await run(store);
		const before = await stateOf(database.sql);
		const job = await run(store);
		expect(job).toMatchObject({ newEvents: 0, knownEvents: 14, rejected: 2 });
		expect(await stateOf(database.sql)).toEqual(before);
	});

	it('are taken from the first millisecond of a range to the last before its end, and by the beginning of their names', async () => {
		const store = await folderArchive();
		for (const ms of ['099', '100', '500', '899', '900']) {
			await writeOlder(store, `2026-01-31T23:59:59.${ms}Z`, [say('ping', null, 1, { ms })]);
		}
		await writeOlder(store, '2026-02-01T00:00:00.000Z', [say('ping', null, 1, { ms: 'february' })]);
		const from = Date.parse('2026-01-31T23:59:59.100Z');
		expect(await run(store, { from, to: from + 800 })).toMatchObject({ objects: 3, newEvents: 3 });
		const found = await database.sql<{ ms: string }[]>`select data ->> 'ms' as ms from analytics_events order by 1`;
		expect(found.map(({ ms }) => ms)).toEqual(['100', '500', '899']);
		expect(await run(store, { prefix: 'analytics/events/2026/02/' })).toMatchObject({ objects: 1, newEvents: 1 });
	});

	it('are counted by a dry run as a run then finds them, and nothing is written', async () => {
		const store = await folderArchive();
		await writeClients(store);
		await run(store, { to: Date.parse('2026-01-09T11:00:07Z') });
		const before = await stateOf(database.sql);
		const dry = await run(store, { dryRun: true });
		expect(await stateOf(database.sql)).toEqual(before);
		const wet = await run(store);
		const counts = ({ objects, events, newEvents, knownEvents, rejected, damaged }: Job) => {
			return { objects, events, newEvents, knownEvents, rejected, damaged };
		};
		expect(counts(dry)).toEqual(counts(wet));
		expect(wet.newEvents).toBe(8);
	});
});

it('damaged objects are named with their reasons, and those between them come back', async () => {
	const store = await folderArchive();
	await writeClients(store);
	const bad = [
		await writeObject(store, '2026-01-09T11:00:07.000Z', '{"serverTimestamp":"2026-01-09T11:0'),
		await writeObject(store, '2026-01-09T11:00:08.000Z', '{"serverTimestamp":"2026-01-09T11:00:08.000Z"}'),
		await writeObject(store, '2026-01-09T11:00:09.000Z', '{"serverTimestamp":"9998-01-09T11:00:08.000Z","events":[]}')
	];
	const stray = 'analytics/events/2026/01/09/notes.txt';
	await writeFile(join(store.folder, stray), 'not for you');
	const job = await run(store);
	expect(job).toMatchObject({ state: 'done', objects: 10, newEvents: 12, damaged: 4 });
	const faults = await faultsOf(database.sql, job.id, 10);
	expect(faults.map(({ name }) => name)).toEqual([...bad, stray].sort());
	expect(faults.map(({ reason }) => reason)).toContain('it is not named like an object of events');
});

it('what has an odd name or lies in the place of an object is read or named, and holds nothing up', async () => {
	const store = await folderArchive();
	await writeClients(store);
	const day = join(store.folder, 'analytics/events/2026/01/09');
	const named = (nonce: string) => `2026-01-09T11:00:07.500Z_${nonce}.json`;
	const object = (session: string) => {
		const body = { serverTimestamp: '2026-01-09T11:00:07.500Z', request: {}, events: [say('ping', session, 7)] };
		return `\ufeff${JSON.stringify(body)}\n`;
	};
	await writeFile(join(day, named('back\\slash ü')), object('s1'));
	await writeFile(join(day, named('zipped')), gzipSync(object('s2')));
	await mkdir(join(store.folder, 'elsewhere'));
	await symlink(join(store.folder, 'elsewhere'), join(day, named('folder')));
	await symlink(named('circle'), join(day, named('circle')));
	const job = await run(store);
	expect(job).toMatchObject({ state: 'done', newEvents: 14, damaged: 2, fault: null });
	const faults = await faultsOf(database.sql, job.id, 10);
	expect(faults.map(({ name }) => name.replace(/.*_/, ''))).toEqual(['circle.json', 'folder.json']);
});

it('what consoles make of a folder in a bucket is no object', async () => {
	const folder = await folderArchive();
	await writeClients(folder);
	const store = sameStore(folder);
	store.list = async function* (range) {
		yield { name: 'analytics/events/2026/01/09/', size: 0 };
		yield* folder.list(range);
	};
	expect(await run(store)).toMatchObject({ state: 'done', objects: 6, objectsTotal: 6, damaged: 0 });
});

it('a note whose answer was lost and that is made again counts once', async () => {
	const { id } = await createJob(database.sql, ALL);
	const job = await takeUpJob(database.sql, 'test', id);
	if (!job) throw new Error('the job is gone');
	const counts = { objects: 2, events: 5, newEvents: 3, knownEvents: 1, rejected: 1 };
	for (const name of ['a', 'a', 'b']) await noteDone(database.sql, job, name, counts, [{ name, reason: 'cut off' }]);
	expect(await readJob(database.sql, id)).toMatchObject({
		objects: 4,
		events: 10,
		newEvents: 6,
		knownEvents: 2,
		rejected: 2,
		damaged: 2,
		doneThrough: 'b'
	});
});

it('months are made while log and archive are compared', async () => {
	const turn = await takeTurn(database.url, 'reconcile');
	expect(turn).not.toBeNull();
	await database.sql`select ensure_month('2031-05-01')`;
	await turn?.release();
});

/** Many sessions in many small objects. */
async function writeMany(store: Awaited<ReturnType<typeof folderArchive>>, objects: number): Promise<void> {
	for (let n = 0; n < objects; n++) {
		const time = new Date(Date.parse('2026-01-09T11:00:00Z') + n * 1000).toISOString();
		const session = `s${Math.floor(n / 3)}`;
		const types = ['session_started', 'step_update', 'session_ended'];
		const events = Array.from({ length: 4 }, (_, at) => ({
			type: types[n % 3] ?? '',
			sessionId: session,
			shopDomain: `${n % 5}.example`,
			timestamp: new Date(Date.parse(time) - at * 100).toISOString(),
			data: { step: 'mask', status: 'completed', n, at }
		}));
		await writeOlder(store, time, events);
	}
}

describe('a run that is cut', () => {
	it('goes on where it was, and ends as one that was not', async () => {
		const store = await folderArchive();
		await writeMany(store, 300);
		const cut = sameStore(store);
		const { id } = await createJob(database.sql, ALL);
		for (let round = 1; round <= 6; round++) {
			const stop = new AbortController();
			let reads = 0;
			cut.read = (name) => {
				if (++reads === round * 30) stop.abort();
				return store.read(name);
			};
			const job = await takeUpJob(database.sql, `round ${round}`, id);
			if (job) await runBackfill(contextOf(cut), job, stop.signal);
		}
		const last = await takeUpJob(database.sql, 'last', id);
		if (last) await runBackfill(contextOf(store), last, NEVER);
		expect(await readJob(database.sql, id)).toMatchObject({ state: 'done', objects: 300, events: 1200 });
		const cutState = await stateOf(database.sql);
		await database.drop();
		database = await testDatabase();
		await run(store);
		expect(await stateOf(database.sql)).toEqual(cutState);
	});

	it('is paused, gone on with and cancelled by whoever steers it', async () => {
		const store = await folderArchive();
		await writeMany(store, 60);
		const { sql } = database;
		const { id } = await createJob(sql, ALL);
		expect(await steerJob(sql, id, 'resume')).toBe('waiting');
		expect(await steerJob(sql, id, 'pause')).toMatchObject({ state: 'paused' });
		const runner = startBackfillRunner(contextOf(store));
		expect(await takeUpJob(sql, 'nobody')).toBeNull();
		expect(await steerJob(sql, id, 'resume')).toMatchObject({ state: 'waiting' });
		runner.look();
		await expect.poll(async () => (await readJob(sql, id))?.state).toBe('done');
		expect(await steerJob(sql, id, 'cancel')).toBe('done');
		expect(await steerJob(sql, 77, 'cancel')).toBeNull();
		await runner.stop();
	});
});

it('one process at a time has the turn, and the next one has it when that is gone', async () => {
	const first = await takeTurn(database.url);
	expect(await takeTurn(database.url)).toBeNull();
	await database.sql`
		select pg_terminate_backend(pid) from pg_stat_activity
		where datname = current_database() and application_name = 'control-room backfill turn'`;
	await expect.poll(() => first?.lost.aborted).toBe(true);
	const second = await takeTurn(database.url);
	expect(second).not.toBeNull();
	await Promise.all([first?.release(), second?.release()]);
});

it('a store that is away is asked again until it answers', async () => {
	const store = await folderArchive();
	await writeMany(store, 20);
	const away = sameStore(store);
	let failures = 6;
	const fail = () => {
		if (failures-- > 0) throw new Error('the store is away');
	};
	away.read = async (name) => {
		fail();
		return store.read(name);
	};
	away.list = async function* (range) {
		fail();
		yield* store.list(range);
	};
	expect(await run(away)).toMatchObject({ state: 'done', newEvents: 80, fault: null });
});

it('events that are sent meanwhile are stored beside those that come back', async () => {
	const store = await folderArchive();
	await writeMany(store, 200);
	const committer = new Committer({ url: database.url, lanes: 2, queue: { maxEvents: 10_000, maxSize: 1e9 }, stallMs: 10_000, log }); // prettier-ignore
	const live = (async () => {
		for (let n = 0; n < 40; n++) {
			const outcome = await committer.commit(
				batch([event('ping', { sessionId: `s${n}`, shopDomain: '1.example', id: `live ${n}`, ip: '::1' })]),
				Date.now() + 60_000
			);
			expect(outcome).toMatchObject({ accepted: 1 });
		}
	})();
	const [job] = await Promise.all([run(store), live]);
	await committer.stop();
	expect(job).toMatchObject({ newEvents: 800 });
	const [row] = await database.sql`select count(*)::int as events from analytics_events`;
	expect(row).toEqual({ events: 840 });
	const differences = await verify(database.sql);
	expect(differences.filter(({ onlyLive, onlyRebuilt }) => onlyLive + onlyRebuilt > 0)).toEqual([]);
});

describe('what comes back', () => {
	it('is not closed before all of it is there, and does not look as if it were happening now', async () => {
		const { sql, url } = database;
		const store = await folderArchive();
		await writeOlder(store, '2026-01-09T11:00:02.000Z', CLIENT_A.slice(0, 2));
		const committer = new Committer({ url, lanes: 1, queue: { maxEvents: 1_000, maxSize: 1e9 }, stallMs: 10_000, log });
		const commit = committer.commit.bind(committer);
		const sweeper = startSweeper({ sql, commit, timeoutMs: 600_000, log });
		const notices: { sessions: string[] | null; errors: boolean }[] = [];
		const { unlisten } = await sql.listen('control_room', (text) =>
			notices.push(JSON.parse(text) as (typeof notices)[0])
		);

		const waiting = await createJob(sql, ALL);
		const running = await takeUpJob(sql, 'test', waiting.id);
		await createJob(sql, { ...ALL, from: ALL.to - 1 });
		if (running) await runBackfill(contextOf(store), running, NEVER);
		// Another one is still to come: the session's end may be in it.
		expect(await sweeper.sweep()).toBe(0);
		const now = Date.now();
		await commit(batch([event('session_started', { sessionId: 'live', ip: '::1', clientTime: now, serverTime: now })]), now + 5_000); // prettier-ignore
		const wall = await createReader(sql).wall();
		expect(wall.sessions.map(({ sessionId }) => sessionId)).toEqual(['live']);
		expect(wall.figures.activeSessions.value).toBe(1);
		const named = notices.filter(({ sessions }) => sessions !== null && sessions.length > 0);
		expect(named.map(({ sessions }) => sessions)).toEqual([['live']]);
		expect(notices.filter(({ sessions, errors }) => errors && sessions !== null)).toEqual([]);

		for (const { id } of await listJobs(sql, 10)) await steerJob(sql, id, 'cancel');
		expect(await sweeper.sweep()).toBe(1);
		await unlisten();
		await sweeper.stop();
		await committer.stop();
	});
});

it('a name follows from the time to the millisecond', () => {
	expect(nameAt(Date.parse('2026-01-09T11:12:16.123Z'))).toBe('analytics/events/2026/01/09/2026-01-09T11:12:16.123Z');
});
