/** The topic that only says that something was committed, from a commit over a real socket to whoever follows it. */
import { createServer } from 'node:http';
import pino from 'pino';
import { Server } from 'socket.io';
import { io as connectSocket, type Socket } from 'socket.io-client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AT_THE_MACHINE } from '../../src/lib/server/access/visitor';
import {
	CHANGES,
	type Changes,
	type ChangesState,
	type ClientToServer,
	type Heartbeat,
	type ServerToClient,
	type Snapshot,
	type TopicState,
	type Update
} from '../../src/lib/live/messages';
import { connect } from '../../src/lib/server/db/connect';
import { startListener } from '../../src/lib/server/listen/index';
import { createHub, type Hub } from '../../src/lib/server/push/index';
import { createReader, type Reader } from '../../src/lib/server/read/index';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event } from '../support/events';

const log = pino({ level: 'silent' });
const PATIENCE = { timeout: 60_000, interval: 20 };

interface Stage {
	database: TestDatabase;
	hub: Hub;
	address: string;
	/** What has been read for topics. */
	reads: string[];
}

async function stage(): Promise<Stage> {
	const database = await testDatabase();
	const sql = connect({ url: database.url, application: 'reads', max: 2 });
	const reads: string[] = [];
	const reader = new Proxy<Reader>(createReader(sql), {
		get(target, name) {
			reads.push(String(name));
			return Reflect.get(target, name) as unknown;
		}
	});
	const hub = createHub({ reader, build: 'b1', log });
	const listener = startListener({
		url: database.url,
		application: 'ear',
		sql,
		onNotice: (notice) => hub.notice(notice),
		onResync: () => hub.resync(),
		onState: (state) => hub.hear(state),
		log,
		// A heartbeat that is not heard by then makes everything change.
		beatMs: 5_000
	});
	const http = createServer();
	const io = new Server<ClientToServer, ServerToClient>(http, { transports: ['websocket'] });
	hub.serve(io, () => AT_THE_MACHINE);
	await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
	const bound = http.address();
	onTestFinished(async () => {
		listener.stop();
		hub.stop();
		await io.close();
		await sql.end({ timeout: 0 });
		await database.drop();
	});
	await vi.waitFor(() => expect(listener.state().hearing).toBe(true), PATIENCE);
	// Listening begins with the word that anything may have changed; it is told, to nobody, before the test begins.
	await vi.waitFor(async () => expect((await hub.snapshot(CHANGES)).seq).toBeGreaterThan(0), PATIENCE);
	return { database, hub, address: `http://127.0.0.1:${typeof bound === 'object' && bound ? bound.port : 0}`, reads };
}

interface Follower {
	socket: Socket<ServerToClient, ClientToServer>;
	snapshot: Snapshot<ChangesState>;
	updates: Update<Changes>[];
	heartbeats: Heartbeat[];
}

async function follower({ address }: Stage): Promise<Follower> {
	const socket: Follower['socket'] = connectSocket(address, { transports: ['websocket'], forceNew: true });
	onTestFinished(() => void socket.disconnect());
	const [updates, heartbeats]: [Follower['updates'], Heartbeat[]] = [[], []];
	socket.on('update', (message) => {
		if (message.topic === CHANGES) updates.push(message as Update<Changes>);
	});
	socket.on('heartbeat', (message) => {
		if (message.topic === CHANGES) heartbeats.push(message);
	});
	await new Promise<void>((resolve) => socket.once('connect', resolve));
	const reply = await new Promise<Snapshot<TopicState> | { error: string }>((resolve) => {
		socket.emit('subscribe', CHANGES, resolve);
	});
	if ('error' in reply) throw new Error(reply.error);
	return { socket, snapshot: reply as Snapshot<ChangesState>, updates, heartbeats };
}

let ids = 0;
const happened = (type: string, sessionId: string | null) =>
	event(type, { id: `c${++ids}`, sessionId, clientTime: Date.now(), serverTime: Date.now() });

test('a commit is told with what it changed, and nothing is read for it', async () => {
	const it = await stage();
	const { updates, snapshot, heartbeats } = await follower(it);
	it.reads.length = 0;
	const commit = await commitEvents(it.database.sql, [happened('session_started', 's1')]);
	await vi.waitFor(() => expect(updates).toHaveLength(1), PATIENCE);
	expect(updates[0]).toMatchObject({
		seq: snapshot.seq + 1,
		epoch: snapshot.epoch,
		commit: { id: commit },
		change: { sessions: true, errors: false }
	});
	await commitEvents(it.database.sql, [happened('error', 's1')]);
	await vi.waitFor(() => expect(updates.at(-1)?.change).toEqual({ sessions: true, errors: true }), PATIENCE);
	await commitEvents(it.database.sql, [happened('impression', null)]);
	await vi.waitFor(() => expect(updates.at(-1)?.change).toEqual({ sessions: false, errors: false }), PATIENCE);
	await vi.waitFor(() => expect(heartbeats.at(-1)?.seq).toBe(updates.at(-1)?.seq), PATIENCE);
	expect(it.reads).toEqual([]);
});

test('many commits are told a few times, and the last of them always', async () => {
	const it = await stage();
	const { updates } = await follower(it);
	let last: string | null = null;
	const began = performance.now();
	for (let n = 0; n < 150; n++) last = await commitEvents(it.database.sql, [happened('custom', `s${n % 9}`)]);
	await vi.waitFor(() => expect(updates.at(-1)?.commit?.id).toBe(last), PATIENCE);
	// Ten a second at most and one at once, however long it took.
	expect(updates.length).toBeLessThanOrEqual(Math.ceil(1 + (performance.now() - began) / 100));
	expect(updates.length).toBeLessThan(150);
	for (const [index, { seq }] of updates.entries()) expect(seq).toBe((updates[0]?.seq ?? 0) + index);
});

test('whoever was rendered before a change sees by the topic’s number that it missed one', async () => {
	const it = await stage();
	const rendered = await it.hub.snapshot(CHANGES);
	const commit = await commitEvents(it.database.sql, [happened('session_started', 's1')]);
	await vi.waitFor(async () => expect((await it.hub.snapshot(CHANGES)).seq).toBeGreaterThan(rendered.seq), PATIENCE);
	const { snapshot } = await follower(it);
	expect(snapshot.epoch).toBe(rendered.epoch);
	expect(snapshot.seq).toBeGreaterThan(rendered.seq);
	expect(snapshot.state?.commit?.id).toBe(commit);
});

test('when anything may have been missed, everything may have changed', async () => {
	const it = await stage();
	const { updates } = await follower(it);
	it.hub.resync();
	await vi.waitFor(
		() => expect(updates.map(({ change }) => change)).toEqual([{ sessions: true, errors: true }]),
		PATIENCE
	);
});
