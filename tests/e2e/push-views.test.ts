/**
 * What each visitor's socket gets, on a real database and real sockets: of the shops that they see and no others, without
 * figures where these are hidden, and nothing that they may not follow.
 */
import { createServer, type Server as HttpServer } from 'node:http';
import pino from 'pino';
import { Server } from 'socket.io';
import { io as connectSocket, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NOBODY, type Visitor } from '../../src/lib/server/access/visitor';
import { applyWall } from '../../src/lib/live/wall';
import {
	CHANGES,
	CONTROL_ROOM,
	sessionTopic,
	type ClientToServer,
	type ServerToClient,
	type Snapshot,
	type Topic,
	type TopicState,
	type Update,
	type WallChange,
	type WallState
} from '../../src/lib/live/messages';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { connect, type Sql } from '../../src/lib/server/db/connect';
import { startListener, type Listener } from '../../src/lib/server/listen/index';
import { createHub, type Hub } from '../../src/lib/server/push/index';
import { createReader, type Reader, type WallReader } from '../../src/lib/server/read/index';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event } from '../support/events';

type ClientSocket = Socket<ServerToClient, ClientToServer>;
type Message = Update<WallChange> | Snapshot<WallState>;

const log = pino({ level: 'silent' });
const PATIENCE = { timeout: 60_000, interval: 20 };
const COST = '0.777';

const user = (shops: string[] | null): Visitor => ({ ...NOBODY, kind: 'user', role: 'viewer', shops, login: 'l' });
const screen = (shops: string[] | null, masked: boolean): Visitor => ({
	...NOBODY,
	kind: 'screen',
	shops,
	masked,
	login: 'd'
});
/** Whoever connects says who they are: that it is true is for access to find out. */
const VISITORS: Record<string, Visitor> = {
	all: user(null),
	other: { ...user(null), login: 'other' },
	a: user(['a.example']),
	ab: user(['b.example', 'a.example']),
	ba: user(['a.example', 'b.example']),
	maskedA: screen(['a.example'], true),
	maskedAll: screen(null, true)
};

let database: TestDatabase;
let sql: Sql;
let reads: string[];
let hub: Hub;
let listener: Listener;
let http: HttpServer;
let io: Server<ClientToServer, ServerToClient>;
let sockets: ClientSocket[];

beforeEach(async () => {
	database = await testDatabase();
	sql = connect({ url: database.url, application: 'reads', max: 4 });
	reads = [];
	sockets = [];
	const reader = createReader(sql);
	const counted: Reader = { ...reader, scoped: (view) => counting(reader.scoped(view), view.shops?.join() ?? 'all') };
	hub = createHub({ reader: counted, build: 'b1', log, lookAgainMs: 100 });
	listener = startListener({
		url: database.url,
		application: 'ear',
		sql,
		onNotice: (notice) => hub.notice(notice),
		onResync: () => hub.resync(),
		onState: (state) => hub.hear(state),
		log,
		// A heartbeat that is not heard by then makes everything be read and sent anew.
		beatMs: 5_000
	});
	http = createServer();
	io = new Server(http, { transports: ['websocket'] });
	hub.serve(io, ({ data }) => (data as { visitor: Visitor }).visitor);
	io.use((socket, next) => {
		const visitor = VISITORS[String(socket.handshake.auth['name'])];
		(socket.data as { visitor: Visitor | undefined }).visitor = visitor;
		next();
	});
	await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
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

function counting(reader: WallReader, view: string): WallReader {
	const counted = <T>(name: string, read: () => Promise<T>) => {
		reads.push(`${name} ${view}`);
		return read();
	};
	return {
		...reader,
		wall: () => counted('wall', () => reader.wall()),
		cards: (ids) => counted('cards', () => reader.cards(ids))
	};
}

async function socketOf(name: keyof typeof VISITORS): Promise<ClientSocket> {
	const bound = http.address();
	const address = `http://127.0.0.1:${typeof bound === 'object' && bound ? bound.port : 0}`;
	const made: ClientSocket = connectSocket(address, { transports: ['websocket'], forceNew: true, auth: { name } });
	sockets.push(made);
	await new Promise<void>((resolve) => made.once('connect', resolve));
	return made;
}

type Reply = Snapshot<TopicState> | { error: string };
const ask = (from: ClientSocket, topic: Topic) =>
	new Promise<Reply>((resolve) => from.emit('subscribe', topic, resolve));

/** All that the socket of a visitor gets of the Control Room, and the state that it makes. */
async function wallOf(name: keyof typeof VISITORS): Promise<{ messages: Message[]; state: () => WallState }> {
	const socket = await socketOf(name);
	const messages: Message[] = [];
	const changes: Update<WallChange>[] = [];
	socket.on('update', (message) => {
		messages.push(message as Update<WallChange>);
		changes.push(message as Update<WallChange>);
	});
	const reply = await ask(socket, CONTROL_ROOM);
	if ('error' in reply) throw new Error(reply.error);
	const first = reply as Snapshot<WallState>;
	messages.push(first);
	return {
		messages,
		state: () =>
			changes
				.filter(({ seq }) => seq > first.seq)
				.reduce((state, { change }) => applyWall(state, change), first.state ?? fail('a wall has a state'))
	};
}

function fail(message: string): never {
	throw new Error(message);
}

let ids = 0;
function now(type: string, shop: string | null, session: string | null, data: unknown = {}): LogEvent {
	const time = Date.now();
	return event(type, {
		id: `e${++ids}`,
		sessionId: session,
		shopDomain: shop,
		data,
		clientTime: time,
		serverTime: time
	});
}

/** The same numbers for the same seed. */
function random(seed: number): (below: number) => number {
	let state = seed;
	return (below) => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 2 ** 32) * below);
	};
}

function someEvent(below: (limit: number) => number): LogEvent {
	const shop = [null, 'a.example', 'b.example', 'c.example'][below(4)] ?? null;
	const session = `${shop ?? 'none'} ${below(6)}`;
	const kinds: [string, unknown][] = [
		['session_started', { productTitle: `Of ${shop ?? 'none'}` }],
		['step_update', { step: 'mask', status: below(2) ? 'started' : 'completed' }],
		['error', { errorCode: `E ${shop ?? 'none'}` }],
		['ai_request', { requestId: `r${below(1_000)}`, status: 'success', costUsd: COST }],
		['session_ended', { status: 'completed' }]
	];
	const [type, data] = kinds[below(kinds.length)] ?? fail('there are five');
	return now(type, shop, session, data);
}

async function stream(seed: number, commits: number): Promise<void> {
	const below = random(seed);
	for (let n = 0; n < commits; n++)
		await commitEvents(
			database.sql,
			Array.from({ length: 1 + below(5) }, () => someEvent(below))
		);
	// More than a notice can name: everything is read and sent as a whole.
	await commitEvents(
		database.sql,
		Array.from({ length: 500 }, (_, n) =>
			now('custom', n % 2 ? 'a.example' : 'c.example', `crowd ${n % 2} ${n}${'x'.repeat(30)}`)
		)
	);
}

const contentOf = (message: Message): WallChange => ('change' in message ? message.change : (message.state ?? {}));
const comparable = ({ sessions, errors, figures }: WallState) => ({
	sessions: sessions.map(({ sessionId, version, aiCost }) => `${sessionId} ${version} ${aiCost ?? 'hidden'}`).sort(),
	errors: errors.map(({ id }) => id).slice(0, 20).sort(), // prettier-ignore
	figures: { ...figures, at: 0 }
});

test('under a stream of all shops, each wall gets its own shops alone, and ends as they are', async () => {
	const names = ['all', 'a', 'ab', 'maskedA', 'maskedAll'] as const;
	const walls = await Promise.all(names.map(async (name) => ({ name, ...(await wallOf(name)) })));
	await stream(20_261_122, 120);
	const reader = createReader(database.sql);
	for (const { name, state } of walls) {
		const truth = VISITORS[name] ?? fail('it is there');
		await vi.waitFor(
			async () => expect(comparable(state())).toEqual(comparable(await reader.scoped(truth).wall())),
			PATIENCE
		);
	}
	for (const { name, messages } of walls) {
		const { shops, masked } = VISITORS[name] ?? fail('it is there');
		const rows = messages.map(contentOf).flatMap(({ sessions, errors }) => [...(sessions ?? []), ...(errors ?? [])]);
		expect(rows.length).toBeGreaterThan(50);
		if (shops) expect(rows.filter(({ shop }) => shop === null || !shops.includes(shop))).toEqual([]);
		const text = JSON.stringify(messages);
		expect(text.includes('c.example')).toBe(shops === null);
		expect(text.includes(COST)).toBe(!masked);
		if (!masked) continue;
		for (const { figures, sessions } of messages.map(contentOf)) {
			for (const { aiCost } of sessions ?? []) expect(aiCost).toBeNull();
			if (!figures) continue;
			expect(JSON.stringify({ ...figures, at: 0, windowMs: 0 })).not.toMatch(/[1-9]/);
		}
	}
});

test('walls of the same shops share their reads, and of shops that nobody looks at nothing is read', async () => {
	const [one, other] = [await wallOf('ab'), await wallOf('ba')];
	const alone = await socketOf('a');
	await ask(alone, CONTROL_ROOM);
	reads.length = 0;
	await commitEvents(database.sql, [now('session_started', 'b.example', 's1')]);
	for (const { state } of [one, other]) await vi.waitFor(() => expect(state().sessions).toHaveLength(1), PATIENCE);
	expect(reads.filter((read) => read === 'cards b.example,a.example')).toHaveLength(1);
	expect(reads.filter((read) => read === 'cards a.example,b.example')).toHaveLength(0);
	await vi.waitFor(() => expect(reads).toContain('cards a.example'), PATIENCE);
	alone.disconnect();
	await vi.waitFor(() => expect(hub.stats().screens).toBe(2), PATIENCE);
	reads.length = 0;
	await commitEvents(database.sql, [now('session_started', 'a.example', 's2')]);
	await vi.waitFor(() => expect(one.state().sessions).toHaveLength(2), PATIENCE);
	expect(reads.filter((read) => read.endsWith(' a.example'))).toEqual([]);
});

test('a session is followed by whoever sees its shop, and no longer than it is of it', async () => {
	await commitEvents(database.sql, [
		now('session_started', 'a.example', 'mine'),
		now('session_started', 'b.example', 'theirs'),
		now('session_started', null, 'of nobody')
	]);
	const viewer = await socketOf('a');
	expect(await ask(viewer, sessionTopic('mine'))).toMatchObject({ state: { session: { shop: 'a.example' } } });
	for (const other of ['theirs', 'of nobody', 'there is none'])
		expect(await ask(viewer, sessionTopic(other))).toEqual({ error: 'You may not see this.' });
	const wall = await socketOf('maskedAll');
	for (const topic of [sessionTopic('mine'), CHANGES] as const)
		expect(await ask(wall, topic)).toEqual({ error: 'You may not see this.' });

	const updates: unknown[] = [];
	viewer.on('update', (message) => updates.push(message));
	await commitEvents(database.sql, [now('custom', null, 'theirs'), now('custom', null, 'mine')]);
	await vi.waitFor(() => expect(updates).toHaveLength(1), PATIENCE);
	await database.sql`update sessions set shop_domain = 'b.example' where session_id = 'mine'`;
	await new Promise<void>((resolve) => viewer.once('disconnect', () => resolve()));
});

test('of a session that shops share, whoever sees one of them follows what names no other', async () => {
	await commitEvents(database.sql, [
		now('session_started', 'a.example', 'shared'),
		now('custom', 'b.example', 'shared', { said: 'before' }),
		now('custom', 'a.example', 'shared')
	]);
	const [viewer, all] = [await socketOf('a'), await socketOf('all')];
	const heard = { viewer: [] as unknown[], all: [] as unknown[] };
	viewer.on('update', (message) => heard.viewer.push(message));
	all.on('update', (message) => heard.all.push(message));
	for (const [name, socket] of [['viewer', viewer], ['all', all]] as const) heard[name].push(await ask(socket, sessionTopic('shared'))); // prettier-ignore
	expect(heard.viewer[0]).toMatchObject({ state: { session: { shop: 'a.example' } } });
	await commitEvents(database.sql, [
		now('custom', 'b.example', 'shared', { said: 'after' }),
		now('error', 'b.example', 'shared', { errorCode: 'OF_B' }),
		now('custom', 'a.example', 'shared', { said: 'own' })
	]);
	const text = (of: unknown[]) => JSON.stringify(of);
	await vi.waitFor(() => expect(text(heard.all)).toMatch(/before.*OF_B/), PATIENCE);
	await vi.waitFor(() => expect(text(heard.viewer)).toContain('own'), PATIENCE);
	expect(text(heard.viewer)).not.toMatch(/before|after|OF_B|b\.example/);
	// Once it is of another shop nothing more is heard of it, and not only from when that is looked at again.
	await commitEvents(database.sql, [now('custom', 'b.example', 'shared', { said: 'moved' })]);
	await vi.waitFor(() => expect(text(heard.all)).toContain('moved'), PATIENCE);
	expect(text(heard.viewer)).not.toMatch(/moved|b\.example/);
});

test('who sees some shops is told of changes of theirs, and not how much else there is', async () => {
	const socket = await socketOf('a');
	const updates: Update<unknown>[] = [];
	socket.on('update', (message) => updates.push(message));
	const first = await ask(socket, CHANGES);
	expect(first).toMatchObject({ state: { commit: null } });
	const told = (times: number) => vi.waitFor(() => expect(updates).toHaveLength(times), PATIENCE);
	await commitEvents(database.sql, [now('session_started', 'a.example', 's1')]);
	await told(1);
	expect(updates[0]).toMatchObject({ commit: null, change: { sessions: true, errors: true } });
	for (let n = 0; n < 20; n++) await commitEvents(database.sql, [now('custom', 'b.example', `s${n + 2}`)]);
	// Without a session, and without a shop but in a session of theirs.
	await commitEvents(database.sql, [now('ar_button_impression', 'a.example', null)]);
	await told(2);
	await commitEvents(database.sql, [now('custom', null, 's1')]);
	await told(3);
	expect(updates.map(({ seq }) => seq)).toEqual([1, 2, 3].map((n) => ('seq' in first ? first.seq : NaN) + n));

	// A page that was rendered before a change sees by the number that it missed it.
	const rendered = await hub.snapshot(CHANGES, VISITORS['a']);
	await commitEvents(database.sql, [now('error', 'a.example', null)]);
	await told(4);
	expect((await hub.snapshot(CHANGES, VISITORS['a'])).seq).toBeGreaterThan(rendered.seq);
});

test('a socket that asks without end is answered no more than so often, and others as ever', async () => {
	// Each of a login of its own: a login's sockets share what it may ask.
	const [hasty, calm] = [await socketOf('all'), await socketOf('other')];
	const asked = await Promise.all(Array.from({ length: 1_500 }, () => ask(hasty, 'session:none')));
	expect(asked.some((reply) => 'error' in reply && reply.error.startsWith('That is too often.'))).toBe(true);
	expect(await ask(calm, 'session:none')).toMatchObject({ state: null });
	await vi.waitFor(async () => expect(await ask(hasty, 'session:none')).toMatchObject({ state: null }), PATIENCE);
});
