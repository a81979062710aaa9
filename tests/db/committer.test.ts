import { createServer, connect as openSocket, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { Committer, type CommitOutcome } from '../../src/lib/server/commit/committer';
import { logRow } from '../../src/lib/server/commit/rows';
import { startSweeper } from '../../src/lib/server/commit/sweeper';
import { testDatabase, type TestDatabase } from '../support/database';
import { batch, event } from '../support/events';

let database: TestDatabase;
const committers: Committer[] = [];

beforeAll(async () => {
	database = await testDatabase();
});

afterEach(async () => {
	await Promise.all(committers.splice(0).map((committer) => committer.stop()));
});

afterAll(() => database.drop());

function committer(change: Partial<ConstructorParameters<typeof Committer>[0]> = {}): Committer {
	const made = new Committer({
		url: database.url,
		lanes: 1,
		queue: { maxEvents: 10_000, maxSize: 1e8 },
		stallMs: 5_000,
		log: { warn: () => undefined, error: () => undefined },
		...change
	});
	committers.push(made);
	return made;
}

const soon = () => Date.now() + 60_000;
const PATIENCE = { timeout: 60_000, interval: 5 };

/** A wire to the database that can be cut, or made to hang without a word. */
async function wire(): Promise<{
	url: string;
	cut(): void;
	hang(): void;
	mend(): void;
	swallowed(): number;
	close(): Promise<void>;
}> {
	const target = new URL(database.url);
	const sockets = new Set<Socket>();
	let state: 'open' | 'cut' | 'hanging' = 'open';
	let swallowed = 0;
	const server: Server = createServer((near) => {
		if (state === 'cut') return near.destroy();
		const far = openSocket(Number(target.port), target.hostname);
		for (const [from, to] of [
			[near, far],
			[far, near]
		] as const) {
			sockets.add(from);
			from.on('data', (chunk) => {
				if (state === 'open') to.write(chunk);
				else swallowed += chunk.length;
			});
			from.on('error', () => to.destroy());
			from.on('close', () => {
				sockets.delete(from);
				to.destroy();
			});
		}
		return undefined;
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	const port = typeof address === 'object' && address ? address.port : 0;
	return {
		url: Object.assign(new URL(database.url), { port: String(port) }).href,
		cut() {
			state = 'cut';
			for (const socket of sockets) socket.destroy();
		},
		hang: () => (state = 'hanging'),
		mend: () => (state = 'open'),
		swallowed: () => swallowed,
		async close() {
			for (const socket of sockets) socket.destroy();
			await new Promise((resolve) => server.close(resolve));
		}
	};
}

async function countOf(type: string): Promise<number> {
	const [row] = await database.sql<{ count: number }[]>`
		select count(*)::int as count from analytics_events where event_type = ${type}`;
	return row?.count ?? -1;
}

test('requests that arrive while a commit runs share the next one', async () => {
	const one = committer();
	const outcomes = await Promise.all(
		Array.from({ length: 50 }, (_, index) => one.commit(batch([event('grouped', { id: `g${index}` })]), soon()))
	);
	expect(outcomes.every((outcome) => 'accepted' in outcome && outcome.accepted === 1)).toBe(true);
	expect(one.stats()).toMatchObject({ events: 50 });
	expect(one.stats().commits).toBeLessThanOrEqual(3);
});

test('beyond the bound of its queue a request is turned away at once, and what waits is committed', async () => {
	const one = committer({ queue: { maxEvents: 5, maxSize: 1e8 } });
	const outcomes = await Promise.all(
		Array.from({ length: 12 }, (_, index) => one.commit(batch([event('bounded', { id: `b${index}` })]), soon()))
	);
	const full = outcomes.filter((outcome) => 'code' in outcome && outcome.code === 'queue_full');
	expect(full.length).toBe(7);
	expect(full[0]).toMatchObject({ retryAfterSeconds: 2 });
	expect(await countOf('bounded')).toBe(5);
});

test('while the database is away a request waits for its deadline and no longer; sent again, it is stored once', async () => {
	const line = await wire();
	const one = committer({ url: line.url });
	line.cut();
	const asked = Date.now();
	const outcome = await one.commit(batch([event('away')]), asked + 300);
	expect(outcome).toMatchObject({ code: 'database_unavailable' });
	expect(Date.now()).toBeGreaterThanOrEqual(asked + 300);
	expect(await countOf('away')).toBe(0);
	line.mend();
	const again = await one.commit(batch([event('away')]), soon());
	expect('accepted' in again && again.accepted + again.duplicates).toBe(1);
	expect(one.stats().fault).toBeNull();
	expect(await countOf('away')).toBe(1);
	await one.stop();
	await line.close();
});

test('a commit whose connection is cut in the middle is tried again, and its events are stored once', async () => {
	const line = await wire();
	const one = committer({ url: line.url });
	await one.commit(batch([event('warm')]), soon());
	const pending: Promise<CommitOutcome>[] = [];
	for (let index = 0; index < 40; index++) {
		pending.push(one.commit(batch([event('cut', { id: `x${index}` })]), soon()));
		if (index % 10 === 5) {
			line.cut();
			await vi.waitFor(() => expect(one.stats().fault).not.toBeNull(), PATIENCE);
			line.mend();
		}
	}
	for (const outcome of await Promise.all(pending)) {
		expect('accepted' in outcome && outcome.accepted + outcome.duplicates).toBe(1);
	}
	expect(await countOf('cut')).toBe(40);
	await one.stop();
	await line.close();
});

test('a connection that hangs without a word is thrown away, and the request goes through on a new one', async () => {
	const line = await wire();
	const one = committer({ url: line.url, stallMs: 300 });
	await one.commit(batch([event('warm')]), soon());
	line.hang();
	const outcome = one.commit(batch([event('hung')]), soon());
	await vi.waitFor(() => expect(one.stats().fault).toContain('did not answer'), PATIENCE);
	line.mend();
	expect(await outcome).toMatchObject({ accepted: 1 });
	await one.stop();
	await line.close();
});

test('while one connection hangs, the other commits what comes', async () => {
	const line = await wire();
	const one = committer({ url: line.url, lanes: 2, stallMs: 60_000 });
	await one.commit(batch([event('warm2')]), soon());
	line.hang();
	let hungIsSettled = false;
	const hung = one.commit(batch([event('hung2')]), soon()).then(() => (hungIsSettled = true));
	// What was said into the hanging line is lost for good; new connections go through.
	await vi.waitFor(() => expect(line.swallowed()).toBeGreaterThan(0), PATIENCE);
	line.mend();
	expect(await one.commit(batch([event('beside2')]), soon())).toMatchObject({ accepted: 1 });
	expect(hungIsSettled).toBe(false);
	// Its end is heard at once; the silence would be, in a minute.
	line.cut();
	line.mend();
	await hung;
	await one.stop();
	await line.close();
});

test('an event that the database itself will not take is kept as rejected, and its neighbours are stored', async () => {
	const one = committer();
	const broken = { ...logRow(event('poison', { id: 'poison' })) };
	broken.json = broken.json.replace('"data":{}', '"data":{"n":1}').replace(/"server":"[^"]+"/, '"server":"not a time"');
	const neighbours = batch([event('beside', { id: 'n1' }), event('beside', { id: 'n2' })]);
	const mixed = { ...neighbours, events: [...neighbours.events.slice(0, 1), broken, ...neighbours.events.slice(1)] };
	const [outcome, other] = await Promise.all([
		one.commit(mixed, soon()),
		one.commit(batch([event('beside', { id: 'n3' })]), soon())
	]);
	expect(outcome).toMatchObject({ accepted: 2, duplicates: 0, refused: [{ index: 1 }] });
	expect(other).toMatchObject({ accepted: 1, refused: [] });
	expect(await countOf('beside')).toBe(3);
	expect(await database.sql`select reason from rejected_events`).toEqual([
		{ reason: expect.stringContaining('could not be stored') as unknown }
	]);
});

test('a notice names the changed sessions, or says that there are too many; never more than Postgres allows', async () => {
	const notices: { sessions: string[] | null; errors: boolean }[] = [];
	const listening = await database.sql.listen('control_room', (payload) =>
		notices.push(JSON.parse(payload) as (typeof notices)[0])
	);
	const one = committer();
	await one.commit(batch([event('error', { sessionId: 'named' })]), soon());
	const many = Array.from({ length: 400 }, (_, index) =>
		event('ping', { sessionId: `${'é'.repeat(40)}${index}`, id: `m${index}` })
	);
	await one.commit(batch(many), soon());
	await vi.waitFor(() => expect(notices).toHaveLength(2), PATIENCE);
	expect(notices).toMatchObject([
		{ sessions: ['named'], errors: true },
		{ sessions: null, errors: false }
	]);
	await listening.unlisten();
});

test('what was accepted before the stop is committed, what comes after is turned away', async () => {
	const one = committer();
	const before = one.commit(batch([event('last')]), soon());
	const stopped = one.stop();
	expect(await one.commit(batch([event('late')]), soon())).toMatchObject({ code: 'shutting_down' });
	expect(await before).toMatchObject({ accepted: 1 });
	await stopped;
	expect(await countOf('last')).toBe(1);
});

test('however many sweep, a silent session is closed by one event; a later one brings it back; an explicit end stands', async () => {
	const one = committer({ lanes: 2 });
	const old = Date.now() - 3_600_000;
	const at = (minutes: number) => ({
		sessionId: 'silent',
		clientTime: old + minutes * 60_000,
		serverTime: old + minutes * 60_000
	});
	const status = async () =>
		(
			await database.sql`select status, abandonment_reason, abandonment_step from sessions where session_id = 'silent'`
		)[0];
	await one.commit(batch([event('step_update', { ...at(0), data: { step: 'mask', status: 'started' } })]), soon());
	const sweepers = [1, 2, 3].map(() =>
		startSweeper({
			sql: database.sql,
			commit: one.commit.bind(one),
			timeoutMs: 600_000,
			log: { warn: () => undefined }
		})
	);
	await Promise.all(sweepers.map((sweeper) => sweeper.sweep()));
	await sweepers[0]?.sweep();
	expect(await countOf('session_timed_out')).toBeGreaterThanOrEqual(1);
	expect(
		await database.sql`select 1 from analytics_events where event_type = 'session_timed_out' and session_id = 'silent'`
	).toHaveLength(1);
	expect(await status()).toEqual({ status: 'abandoned', abandonment_reason: 'timeout', abandonment_step: 'mask' });

	await one.commit(batch([event('user_action', at(11))]), soon());
	expect(await status()).toMatchObject({ status: 'in_progress', abandonment_reason: null });
	await sweepers[0]?.sweep();
	expect(await status()).toMatchObject({ status: 'abandoned' });
	await one.commit(batch([event('session_ended', { ...at(5), data: { status: 'completed' } })]), soon());
	expect(await status()).toMatchObject({ status: 'completed', abandonment_reason: null });
	await Promise.all(sweepers.map((sweeper) => sweeper.stop()));
});

test('however many sessions fall silent at once, one sweep closes them all, and none stands in the way of others', async () => {
	const one = committer({ lanes: 2 });
	const old = { clientTime: Date.now() - 7_200_000, serverTime: Date.now() - 7_200_000 };
	const silent = Array.from({ length: 1_100 }, (_, n) => event('user_action', { ...old, sessionId: `many${n}` }));
	const odd = Array.from({ length: 500 }, (_, n) =>
		event('session_ended', { ...old, sessionId: `odd${n}`, data: { status: 'in_progress' } })
	);
	await one.commit(batch([...odd, ...silent]), soon());
	const sweeper = startSweeper({
		sql: database.sql,
		commit: one.commit.bind(one),
		timeoutMs: 600_000,
		log: { warn: () => undefined }
	});
	expect(await sweeper.sweep()).toBeGreaterThanOrEqual(1_100);
	const open = await database.sql`
		select session_id from sessions where status = 'in_progress' and received_at < now() - interval '1 hour'`;
	expect(open).toEqual([]);
	await sweeper.stop();
});
