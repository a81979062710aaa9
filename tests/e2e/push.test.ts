/**
 * From a commit to a screen, on a real database and real sockets: what arrives, what heals, what is not sent. One file,
 * because every test stands on the same stage (database, listener, hub, socket server, a client that judges as pages do).
 */
import { createServer, type Server as HttpServer } from 'node:http';
import pino from 'pino';
import { Server } from 'socket.io';
import { io as connectSocket, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AT_THE_MACHINE } from '../../src/lib/server/access/visitor';
import { judgeHeartbeat, judgeUpdate, type Position } from '../../src/lib/live/sequence';
import { applyStory } from '../../src/lib/live/story';
import { applyWall } from '../../src/lib/live/wall';
import {
	CONTROL_ROOM,
	sessionTopic,
	type ClientToServer,
	type Heartbeat,
	type ServerToClient,
	type SessionStory,
	type Snapshot,
	type Topic,
	type TopicState,
	type Trouble,
	type Update,
	type WallChange,
	type WallState
} from '../../src/lib/live/messages';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { CHANNEL } from '../../src/lib/server/db/notice';
import { connect, type Sql } from '../../src/lib/server/db/connect';
import { startListener, type Listener } from '../../src/lib/server/listen/index';
import { createHub, type Hub } from '../../src/lib/server/push/index';
import { createReader, type Reader } from '../../src/lib/server/read/index';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event } from '../support/events';

type ClientSocket = Socket<ServerToClient, ClientToServer>;

const log = pino({ level: 'silent' });
const PATIENCE = { timeout: 60_000, interval: 20 };

let database: TestDatabase;
let sql: Sql;
let reads: string[];
let hub: Hub;
let listener: Listener;
let http: HttpServer;
let io: Server<ClientToServer, ServerToClient>;
let address: string;
let sockets: ClientSocket[];

beforeEach(async () => {
	database = await testDatabase();
	sql = connect({ url: database.url, application: 'reads', max: 3 });
	reads = [];
	sockets = [];
	hub = createHub({ reader: counting(createReader(sql)), build: 'b1', log });
	listener = startListener({
		url: database.url,
		application: 'ear',
		sql,
		onNotice: (notice) => {
			hub.notice(notice);
		},
		onResync: () => {
			hub.resync();
		},
		onState: (state) => {
			hub.hear(state);
		},
		log,
		beatMs: 1_000
	});
	http = createServer();
	io = new Server(http, { transports: ['websocket'] });
	hub.serve(io, () => AT_THE_MACHINE);
	await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
	const bound = http.address();
	address = `http://127.0.0.1:${typeof bound === 'object' && bound ? bound.port : 0}`;
	await vi.waitFor(() => expect(listener.state().hearing).toBe(true), PATIENCE);
});

afterEach(async () => {
	for (const socket of sockets) socket.disconnect();
	listener.stop();
	hub.stop();
	await io.close();
	await sql.end({ timeout: 0 });
	await database.drop();
});

/** The reader, with a list of what was read. */
function counting(reader: Reader): Reader {
	return new Proxy(reader, {
		get(target, name) {
			reads.push(String(name));
			return Reflect.get(target, name) as unknown;
		}
	});
}

async function socket(): Promise<ClientSocket> {
	const made: ClientSocket = connectSocket(address, { transports: ['websocket'], forceNew: true });
	sockets.push(made);
	await new Promise<void>((resolve) => made.once('connect', resolve));
	return made;
}

type Reply = Snapshot<TopicState> | { error: string };

/** Asks for a topic, or for anything else. */
function ask(from: ClientSocket, topic: unknown): Promise<Reply> {
	return new Promise((resolve, reject) => {
		from.timeout(60_000).emit('subscribe', topic as string, (fault: Error | null, reply: Reply) => {
			if (fault) reject(fault);
			else resolve(reply);
		});
	});
}

/** A screen as a browser's is: follows a topic by the rules of lib/live, and remembers what came. */
class Screen<S, C> {
	state: S | null = null;
	updates: Update<C>[] = [];
	heartbeats: Heartbeat[] = [];
	troubles: Trouble[] = [];
	snapshots = 0;
	/** Numbers of updates that are made to vanish on their way. */
	losing = 0;
	#position: Position | null = null;
	#waiting: Update<C>[] | null = null;

	constructor(
		readonly socket: ClientSocket,
		readonly topic: Topic,
		readonly apply: (state: S, change: C) => S,
		readonly begin: (change: C) => S | null = () => null
	) {
		socket.on('update', (message) => {
			if (message.topic !== topic) return;
			if (this.losing > 0) this.losing--;
			else this.#take(message as unknown as Update<C>);
		});
		socket.on('heartbeat', (message) => {
			if (message.topic !== topic) return;
			this.heartbeats.push(message);
			if (!this.#waiting && judgeHeartbeat(this.#position, message) === 'resync') void this.subscribe();
		});
		socket.on('trouble', (message) => this.troubles.push(message));
	}

	async subscribe(): Promise<Snapshot<S>> {
		this.#waiting = [];
		const reply = await ask(this.socket, this.topic);
		if ('error' in reply) throw new Error(reply.error);
		const snapshot = reply as unknown as Snapshot<S>;
		this.snapshots++;
		this.#position = { epoch: snapshot.epoch, seq: snapshot.seq };
		this.state = snapshot.state;
		const waiting = this.#waiting;
		this.#waiting = null;
		for (const message of waiting) this.#take(message);
		return snapshot;
	}

	#take(message: Update<C>): void {
		if (this.#waiting) {
			this.#waiting.push(message);
			return;
		}
		const verdict = judgeUpdate(this.#position, message);
		if (verdict === 'resync') void this.subscribe();
		if (verdict !== 'apply') return;
		this.updates.push(message);
		this.#position = { epoch: message.epoch, seq: message.seq };
		this.state = this.state === null ? this.begin(message.change) : this.apply(this.state, message.change);
	}
}

async function wall(from?: ClientSocket): Promise<Screen<WallState, WallChange>> {
	const screen = new Screen<WallState, WallChange>(from ?? (await socket()), CONTROL_ROOM, applyWall);
	await screen.subscribe();
	return screen;
}

async function storyOf(sessionId: string): Promise<Screen<SessionStory, SessionStory>> {
	const screen = new Screen<SessionStory, SessionStory>(
		await socket(),
		sessionTopic(sessionId),
		applyStory,
		(change) => change
	);
	await screen.subscribe();
	return screen;
}

let ids = 0;
/** An event that has just happened. */
function now(type: string, sessionId: string | null, change: Partial<LogEvent> = {}): LogEvent {
	const time = Date.now();
	return event(type, { id: `e${++ids}`, sessionId, clientTime: time, serverTime: time, ...change });
}

/** What the wall must show, without what moves with the time of asking. */
async function truth(): Promise<unknown> {
	return comparable(await createReader(database.sql).wall());
}

function comparable(state: WallState | null): unknown {
	if (!state) return null;
	const { figures, sessions, errors } = state;
	const byId = [...sessions].sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1));
	return { figures: { ...figures, at: 0 }, sessions: byId, errors: errors.map(({ id }) => id).sort() };
}

const equalsTruth = (screen: Screen<WallState, WallChange>) =>
	vi.waitFor(async () => expect(comparable(screen.state)).toEqual(await truth()), PATIENCE);

test('an event that is committed arrives as the state it makes, and the figures follow', async () => {
	const screen = await wall();
	const before = Date.now();
	const commit = await commitEvents(database.sql, [
		now('session_started', 's1', { data: { productTitle: 'Oslo Sofa' } }),
		now('step_update', 's1', { data: { step: 'mask', status: 'started' } })
	]);
	await vi.waitFor(() => expect(screen.state?.sessions).toHaveLength(1), PATIENCE);
	expect(screen.state?.sessions[0]).toMatchObject({
		sessionId: 's1',
		product: 'Oslo Sofa',
		currentStep: 'mask',
		activity: 'step_update',
		version: 2
	});
	const update = screen.updates.find(({ change }) => change.sessions);
	expect(update?.commit?.id).toBe(commit);
	expect(update?.commit?.at).toBeGreaterThanOrEqual(before - 1);
	expect(update?.at).toBeGreaterThanOrEqual(update?.commit?.at ?? Infinity);

	await commitEvents(database.sql, [
		now('error', 's1', { data: { errorCode: 'E1' } }),
		now('session_ended', 's1', { data: { status: 'completed' } }),
		now('ai_request', null, { data: { requestId: 'r', status: 'success', costUsd: '0.25' } })
	]);
	await vi.waitFor(() => expect(screen.state?.errors).toMatchObject([{ code: 'E1' }]), PATIENCE);
	await equalsTruth(screen);
	expect(screen.state?.figures).toMatchObject({
		activeSessions: { value: 0 },
		successRate: { value: 1 },
		aiCost: { value: '0.25' },
		errors: { value: 1 }
	});
	expect(screen.snapshots).toBe(1);
});

test('changes that come together share reads, and the last of them is never left out', async () => {
	const screen = await wall();
	reads.length = 0;
	const began = performance.now();
	for (let n = 0; n < 200; n++) {
		await commitEvents(database.sql, [now('custom', `s${n % 7}`, { data: { n } })]);
	}
	await equalsTruth(screen);
	expect(screen.state?.sessions).toHaveLength(7);
	// Two a second at most, one at once, and one of a snapshot; it took however long it took.
	const most = 2 + 2 * ((performance.now() - began) / 1_000);
	expect(reads.filter((name) => name === 'figures').length).toBeLessThanOrEqual(Math.ceil(most));
	expect(screen.snapshots).toBe(1);
});

test('a hundred screens cost one read a change, and one snapshot when they come at once', async () => {
	const many = await Promise.all(Array.from({ length: 100 }, () => socket()));
	reads.length = 0;
	const screens = await Promise.all(many.map((each) => wall(each)));
	expect(reads.filter((name) => name === 'wall').length).toBeLessThanOrEqual(2);
	reads.length = 0;
	await commitEvents(database.sql, [now('session_started', 's1')]);
	await Promise.all(
		screens.map((screen) => vi.waitFor(() => expect(screen.state?.sessions).toHaveLength(1), PATIENCE))
	);
	expect(reads.filter((name) => name === 'cards')).toHaveLength(1);
});

test('nothing is read that nobody looks at', async () => {
	const screen = await wall();
	screen.socket.disconnect();
	await vi.waitFor(() => expect(hub.stats().screens).toBe(0), PATIENCE);
	reads.length = 0;
	await commitEvents(database.sql, [now('session_started', 's1')]);
	const other = await storyOf('s2');
	await vi.waitFor(() => expect(other.heartbeats.length).toBeGreaterThan(2), PATIENCE);
	expect(reads.filter((name) => name !== 'story')).toEqual([]);
});

test('a lost update is seen by the next one, or by a heartbeat, and healed by a snapshot', async () => {
	const screen = await wall();
	screen.losing = 1;
	await commitEvents(database.sql, [now('session_started', 's1')]);
	await vi.waitFor(() => expect(screen.snapshots).toBe(2), PATIENCE);
	await equalsTruth(screen);
});

test('a screen that joins under load misses nothing', async () => {
	await wall();
	const enough = new AbortController();
	const load = (async () => {
		for (let n = 0; !enough.signal.aborted; n++) await commitEvents(database.sql, [now('custom', `s${n % 30}`)]);
	})();
	const late: Screen<WallState, WallChange>[] = [];
	for (let n = 0; n < 15; n++) late.push(await wall());
	enough.abort();
	await load;
	for (const screen of late) {
		await equalsTruth(screen);
		expect(screen.snapshots).toBe(1);
	}
});

test('the page of a session gets its new events, those of other sessions do not reach it', async () => {
	await commitEvents(database.sql, [now('session_started', 's1')]);
	const mine = await storyOf('s1');
	const foreign = await storyOf('s2');
	expect(mine.state?.events.map(({ type }) => type)).toEqual(['session_started']);
	expect(foreign.state).toBeNull();
	await commitEvents(database.sql, [now('step_update', 's1', { data: { step: 'mask', status: 'started' } })]);
	await commitEvents(database.sql, [now('error', 's1')]);
	await vi.waitFor(() => expect(mine.state?.events).toHaveLength(3), PATIENCE);
	expect(mine.state?.steps).toMatchObject([{ step: 'mask' }]);
	expect(mine.state).toEqual(await createReader(database.sql).story('s1'));
	// Updates without a commit are those after a heartbeat that a busy machine delayed: they bring everything again. The
	// notice of the first commit may be heard after the snapshot that has its event.
	const caused = mine.updates.filter(({ commit }) => commit);
	const types = caused.flatMap(({ change }) => change.events.map(({ type }) => type));
	expect(types.filter((type) => type !== 'session_started')).toEqual(['step_update', 'error']);
	await vi.waitFor(() => expect(foreign.heartbeats.length).toBeGreaterThan(1), PATIENCE);
	expect(foreign.updates).toEqual([]);

	await commitEvents(database.sql, [now('session_started', 's2')]);
	await vi.waitFor(() => expect(foreign.state?.events).toHaveLength(1), PATIENCE);
});

test('a commit of more sessions than a notice can name is read as a whole, and replaces what the wall had', async () => {
	const screen = await wall();
	const story = await storyOf('session-with-a-long-name-0');
	const many = Array.from({ length: 600 }, (_, n) => now('session_started', `session-with-a-long-name-${n}`));
	await commitEvents(database.sql, many);
	await equalsTruth(screen);
	expect(screen.state?.sessions).toHaveLength(400);
	expect(screen.state?.figures.activeSessions.value).toBe(600);
	expect(screen.updates.some(({ change }) => change.replace)).toBe(true);
	await vi.waitFor(() => expect(story.state?.events).toHaveLength(1), PATIENCE);

	await database.sql`delete from sessions where session_id like 'session-with%'`;
	await database.sql.notify(CHANNEL, 'anything else');
	await vi.waitFor(() => expect(screen.state?.sessions).toEqual([]), PATIENCE);
});

test('after the listener lost its connection, commits that nobody heard are on the wall', async () => {
	const screen = await wall();
	await commitEvents(database.sql, [now('session_started', 's1')]);
	const unheard = commitEvents(database.sql, [now('session_started', 'unheard')], { notify: false });
	await database.sql`
		select pg_terminate_backend(pid) from pg_stat_activity
		where application_name = 'ear' and datname = current_database()`;
	await unheard;
	await vi.waitFor(() => expect(screen.state?.sessions).toHaveLength(2), PATIENCE);
	await equalsTruth(screen);
});

test('a commit of which no notice came is on the wall within a heartbeat', async () => {
	const screen = await wall();
	await commitEvents(database.sql, [now('session_started', 'unheard')], { notify: false });
	await vi.waitFor(() => expect(screen.state?.sessions).toHaveLength(1), PATIENCE);
	await equalsTruth(screen);
});

test('heartbeats stop and trouble comes while the database is away; afterwards the wall is right again', async () => {
	const screen = await wall();
	await vi.waitFor(() => expect(screen.heartbeats.length).toBeGreaterThan(1), PATIENCE);
	expect(screen.heartbeats.at(-1)).toMatchObject({ topic: CONTROL_ROOM, build: 'b1' });

	// A busy machine may have had trouble of its own before.
	const earlier = screen.troubles.length;
	const troubles = () => screen.troubles.slice(earlier);
	const name = new URL(database.url).pathname.slice(1);
	const admin = connect({
		url: Object.assign(new URL(database.url), { pathname: '/control_room' }).href,
		application: 'tests',
		max: 1
	});
	await admin.unsafe(`alter database ${name} allow_connections false`);
	await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
	await vi.waitFor(() => expect(troubles().length).toBeGreaterThan(1), PATIENCE);
	expect(troubles()[0]?.reason).toMatch(/database/);
	expect(troubles().at(-1)?.since).toBe(troubles()[0]?.since);
	const beats = screen.heartbeats.length;
	const newcomer = await socket();
	expect(await ask(newcomer, CONTROL_ROOM)).toHaveProperty('error');
	expect(screen.heartbeats).toHaveLength(beats);

	await admin.unsafe(`alter database ${name} allow_connections true`);
	await admin.end();
	await vi.waitFor(() => expect(screen.heartbeats.length).toBeGreaterThan(beats), PATIENCE);
	await commitEvents(database.sql, [now('session_started', 's1')]);
	await equalsTruth(screen);
});

test('a socket cannot ask for what is no topic, nor for too much', async () => {
	const stranger = await socket();
	for (const topic of ['', 'session:', 'sessions', `session:${'x'.repeat(301)}`, 'session:\0', 7, null, { a: 1 }]) {
		expect(await ask(stranger, topic)).toEqual({ error: 'There is no such topic.' });
	}
	// Without a function to answer with: nothing happens, and nothing breaks.
	stranger.emit('subscribe', CONTROL_ROOM, undefined as never);
	stranger.emit('clock', 5 as never);
	for (let n = 0; n < 20; n++) expect(await ask(stranger, `session:${n}`)).toMatchObject({ state: null });
	expect(await ask(stranger, 'session:20')).toHaveProperty('error');
	stranger.emit('unsubscribe', 'session:0');
	expect(await ask(stranger, 'session:20')).toMatchObject({ state: null });
	const hasty = await socket();
	const replies = Array.from({ length: 200 }, (_, n) => {
		const reply = ask(hasty, `session:hasty${n}`);
		hasty.emit('unsubscribe', `session:hasty${n}`);
		return reply;
	});
	const refused = (await Promise.all(replies)).filter((reply) => 'error' in reply);
	expect(refused.length).toBeGreaterThan(100);
	expect(await ask(hasty, 'session:after')).toMatchObject({ state: null });
	const before = Date.now();
	const server = await new Promise<number>((resolve) => stranger.emit('clock', resolve));
	expect(server).toBeGreaterThanOrEqual(before);
	expect(server).toBeLessThanOrEqual(Date.now());
});

test('the snapshot for a first paint goes on into the updates that follow it', async () => {
	await commitEvents(database.sql, [now('session_started', 's1')]);
	const painted = await hub.snapshot(CONTROL_ROOM);
	expect(painted).toMatchObject({ topic: CONTROL_ROOM, build: 'b1', state: { sessions: [{ sessionId: 's1' }] } });
	expect(await hub.snapshot(sessionTopic('s1'))).toMatchObject({
		epoch: painted.epoch,
		state: { session: { sessionId: 's1' } }
	});
	expect((await hub.snapshot(sessionTopic('nobody'))).state).toBeNull();
});
