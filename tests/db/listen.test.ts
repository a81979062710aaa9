import net from 'node:net';
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CHANNEL, type CommitNotice } from '../../src/lib/server/db/notice';
import { connect, type Sql } from '../../src/lib/server/db/connect';
import { startListener, type Hearing, type Listener } from '../../src/lib/server/listen/index';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event } from '../support/events';

const BEAT_MS = 700;
const PATIENCE = { timeout: 60_000, interval: 20 };
const log = pino({ level: 'silent' });

let database: TestDatabase;
let listener: Listener | undefined;
/** `resyncs` of a state: how many there were by then. */
let heard: { notices: CommitNotice[]; resyncs: number; states: (Hearing & { resyncs: number })[] };
let ids = 0;

beforeEach(async () => {
	database = await testDatabase();
	heard = { notices: [], resyncs: 0, states: [] };
});

afterEach(async () => {
	listener?.stop();
	await database.drop();
});

function listen(url = database.url, sql: Sql = database.sql): Listener {
	listener = startListener({
		url,
		application: 'ear',
		sql,
		onNotice: (notice) => heard.notices.push(notice),
		onResync: () => heard.resyncs++,
		onState: (state) => heard.states.push({ ...state, resyncs: heard.resyncs }),
		log,
		beatMs: BEAT_MS
	});
	return listener;
}

const commit = (sessionId: string, type = 'custom') =>
	commitEvents(database.sql, [event(type, { id: `e${++ids}`, sessionId })]);
const isHearing = () => vi.waitFor(() => expect(listener?.state()).toEqual({ hearing: true }), PATIENCE);
const isDeaf = () => vi.waitFor(() => expect(listener?.state().hearing).toBe(false), PATIENCE);

/**
 * Waits for so many heartbeats in a row that were heard, and answers how often everything was read again meanwhile. One
 * that a busy machine lets come too late begins the row anew.
 */
async function resyncsDuring(beats: number): Promise<number> {
	const begun = heard.states.length;
	const row = () => {
		const deafAt = heard.states.findLastIndex(({ hearing }) => !hearing);
		return heard.states.slice(Math.max(begun, deafAt + 1));
	};
	await vi.waitFor(() => expect(row().length).toBeGreaterThan(beats), PATIENCE);
	return heard.resyncs - (row()[0]?.resyncs ?? NaN);
}

test('it hears each commit with its sessions, whoever made it, by the clock of this process', async () => {
	listen();
	await isHearing();
	const before = Date.now();
	const first = await commit('s1');
	const second = await commit('s2', 'error');
	await vi.waitFor(() => expect(heard.notices).toHaveLength(2), PATIENCE);
	expect(heard.notices).toMatchObject([
		{ commit: first, sessions: ['s1'], errors: false },
		{ commit: second, sessions: ['s2'], errors: true }
	]);
	for (const { at } of heard.notices) {
		expect(at).toBeGreaterThanOrEqual(before - 1);
		expect(at).toBeLessThanOrEqual(Date.now() + 1);
	}
});

test('it goes on hearing through heartbeats, without reading everything again', async () => {
	await commit('s1');
	listen();
	await isHearing();
	const during = resyncsDuring(4);
	for (const session of ['s2', 's3', 's4']) await commit(session);
	expect(await during).toBe(0);
	expect(listener?.lagMs()).toBeGreaterThan(0);
});

test('after its backend was terminated it listens again and has everything read again', async () => {
	listen();
	await isHearing();
	const before = heard.resyncs;
	await database.sql`
		select pg_terminate_backend(pid) from pg_stat_activity
		where application_name = 'ear' and datname = current_database()`;
	await vi.waitFor(() => expect(heard.resyncs).toBeGreaterThan(before), PATIENCE);
	await isHearing();
	const id = await commit('s9');
	await vi.waitFor(() => expect(heard.notices.at(-1)?.commit).toBe(id), PATIENCE);
});

test('a payload that nobody can read has everything read again', async () => {
	listen();
	await isHearing();
	const before = heard.resyncs;
	await database.sql.notify(CHANNEL, 'what?');
	await vi.waitFor(() => expect(heard.resyncs).toBeGreaterThan(before), PATIENCE);
});

test('a commit of which no notice came is found by the next heartbeat', async () => {
	listen();
	await isHearing();
	const before = heard.resyncs;
	await database.sql`insert into commits (event_count, source) values (1, 'test')`;
	await vi.waitFor(() => expect(heard.resyncs).toBeGreaterThan(before), PATIENCE);
	expect(await resyncsDuring(2)).toBe(0);
});

test('a database that is away at the start is found when it comes', async () => {
	const far = await relay(database.url);
	far.refuse();
	const sql = connect({ url: far.url, application: 'pulse', max: 1 });
	listen(far.url, sql);
	await vi.waitFor(() => expect(heard.states.length).toBeGreaterThan(2), PATIENCE);
	expect(listener?.state().hearing).toBe(false);
	far.accept();
	await isHearing();
	const id = await commit('s1');
	await vi.waitFor(() => expect(heard.notices.at(-1)?.commit).toBe(id), PATIENCE);
	await sql.end({ timeout: 0 });
	await far.close();
});

test('a connection that is silently dead is noticed, replaced, and what was missed is read again', async () => {
	const far = await relay(database.url);
	listen(far.url);
	await isHearing();
	const before = heard.resyncs;
	far.freeze();
	await commit('s1');
	await isDeaf();
	expect(heard.notices).toEqual([]);
	far.accept();
	await isHearing();
	expect(heard.resyncs).toBeGreaterThan(before);
	const id = await commit('s2');
	await vi.waitFor(() => expect(heard.notices.at(-1)?.commit).toBe(id), PATIENCE);
	await far.close();
});

interface Relay {
	url: string;
	accept(): void;
	/** Connections end, new ones too. */
	refuse(): void;
	/** Nothing goes through the connections that there are, and nobody is told: a cable that was pulled. */
	freeze(): void;
	close(): Promise<void>;
}

/** A way to the database that can be cut. */
async function relay(target: string): Promise<Relay> {
	const to = new URL(target);
	const pairs = new Set<[net.Socket, net.Socket]>();
	let refusing = false;
	const server = net.createServer((near) => {
		if (refusing) {
			near.destroy();
			return;
		}
		const far = net.connect(Number(to.port), to.hostname);
		const pair: [net.Socket, net.Socket] = [near, far];
		pairs.add(pair);
		near.pipe(far).pipe(near);
		for (const socket of pair) {
			socket.on('error', () => undefined);
			socket.on('close', () => pairs.delete(pair));
		}
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	const port = typeof address === 'object' && address ? address.port : 0;
	const destroyAll = () => {
		for (const pair of pairs) for (const socket of pair) socket.destroy();
	};
	return {
		url: Object.assign(new URL(target), { host: `127.0.0.1:${port}` }).href,
		accept: () => {
			refusing = false;
		},
		refuse: () => {
			refusing = true;
			destroyAll();
		},
		freeze: () => {
			for (const [near, far] of pairs) {
				near.unpipe(far);
				far.unpipe(near);
				for (const socket of [near, far]) socket.resume();
			}
		},
		close: () =>
			new Promise((resolve) => {
				server.close(() => {
					resolve();
				});
				destroyAll();
			})
	};
}
