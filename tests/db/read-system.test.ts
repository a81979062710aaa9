/** What the system says of itself, and rejected events: listed, shown, read once more. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Committer } from '../../src/lib/server/commit/committer';
import { batchOf, logRow, rejectedRow } from '../../src/lib/server/commit/rows';
import { replay } from '../../src/lib/server/ingest/replay';
import { printable, rejected as rejectedReads } from '../../src/lib/server/read/rejected';
import { system as systemReads } from '../../src/lib/server/read/system';
import { isFault, type QueryFault } from '../../src/lib/query';
import { testDatabase, type TestDatabase } from '../support/database';
import { batch, event, T0 } from '../support/events';

let database: TestDatabase;
let writer: Committer;
let reads: ReturnType<typeof rejectedReads>;
const soon = () => Date.now() + 20_000;
const OPEN = { filters: { replayed: null }, cursor: null };

beforeAll(async () => {
	database = await testDatabase();
	const log = { warn: () => undefined, error: () => undefined };
	writer = new Committer({
		url: database.url,
		lanes: 2,
		queue: { maxEvents: 1e6, maxSize: 1e9 },
		stallMs: 20_000,
		log
	});
	reads = rejectedReads(database.sql);
});
afterEach(() => database.sql`truncate rejected_events, analytics_events, commits`);
afterAll(async () => {
	await writer.stop();
	await database.drop();
});

function given<T>(value: T | QueryFault): T {
	if (isFault(value)) throw new Error(value.message);
	return value;
}

async function reject(raw: string | Uint8Array, { reason = 'no type', serverTime = T0 } = {}): Promise<void> {
	const row = rejectedRow({ raw: Buffer.from(raw), reason, serverTime, userAgent: 'UA', ip: '203.0.113.9' });
	expect(await writer.commit(batchOf('ingest', [], [row]), soon())).toMatchObject({ refused: [] });
}

/** Replays the only open one. */
async function replayOnly() {
	const [row] = given(await reads.list(OPEN)).rows;
	const kept = await reads.kept(row?.id ?? '');
	if (!kept) throw new Error('nothing is open');
	return replay(kept, writer.commit.bind(writer), false);
}

describe('rejected events', () => {
	test('are listed newest first, each once, however many came at one time', async () => {
		const rows = Array.from({ length: 60 }, (_, index) =>
			rejectedRow({
				raw: Buffer.from(`${index}`),
				reason: 'not an object',
				serverTime: T0 - (index % 3),
				userAgent: null,
				ip: null
			})
		);
		await writer.commit(batchOf('ingest', [], rows), soon());
		const seen: { text: string; at: number }[] = [];
		for (let cursor: string | null | undefined = null; cursor !== undefined;) {
			const page: { rows: { text: string; at: number }[]; next: string | null; open: number } = given(
				await reads.list({ ...OPEN, cursor, limit: 7 })
			);
			expect(page.open).toBe(60);
			seen.push(...page.rows);
			cursor = page.next ?? undefined;
		}
		expect(seen.map(({ text }) => Number(text)).sort((a, b) => a - b)).toEqual(rows.map((_, index) => index));
		expect(seen.map(({ at }) => at)).toEqual(seen.map(({ at }) => at).sort((a, b) => b - a));
		expect(await reads.list({ ...OPEN, cursor: 'nowhere' })).toMatchObject({ field: 'cursor' });
	});

	test('are shown as text that cannot harm the page, and not more of them than anybody reads', async () => {
		await reject(Buffer.from('{"a":"\u202eevil\u0007\xff"}', 'utf8'));
		await reject(Buffer.concat([Buffer.from([0xff, 0x00, 0x1b]), Buffer.alloc(20_000, 'x')]));
		const rows = given(await reads.list(OPEN)).rows.sort((a, b) => a.bytes - b.bytes);
		expect(rows[0]?.text).toBe('{"a":"\\u202eevil\\u0007ÿ"}');
		expect(rows[1]?.text.slice(0, 13)).toBe('\uFFFD\\u0000\\u001b');
		expect(rows[1]).toMatchObject({ bytes: 20_003 });
		expect(rows[1]?.text.length).toBeLessThan(9_000);
		expect(printable(Buffer.from('\ttab\nline 椅子 😀'))).toBe('\ttab\nline 椅子 😀');
	});

	test('that are events after all go into the log, with the time at which they came, and are known when they come again', async () => {
		await reject('{"type":"ping","sessionId":"s9","shopDomain":"a.example","data":{"a":1}}');
		expect(await replayOnly()).toEqual({ isStored: true, isNew: true });
		expect(
			await database.sql`select event_type, session_id, server_timestamp, ip, user_agent from analytics_events`
		).toEqual([
			{ event_type: 'ping', session_id: 's9', server_timestamp: new Date(T0), ip: '203.0.113.9', user_agent: 'UA' }
		]);
		expect(await replayOnly()).toEqual({ isStored: true, isNew: false });
	});

	test.each([
		['{"type":""}', 'no type'],
		['[{"type":"x"}]', 'not an object'],
		['5', 'not an object'],
		['{"type":', /^not JSON: /]
	])('that are still none say why, and stay: %s', async (raw, reason) => {
		await reject(raw);
		expect(await replayOnly()).toEqual({ isStored: false, reason: expect.toSatisfy((said: string) => (typeof reason === 'string' ? said === reason : reason.test(said))) as unknown }); // prettier-ignore
		expect(await database.sql`select from analytics_events`).toHaveLength(0);
		expect(given(await reads.list(OPEN)).open).toBe(1);
	});

	test('that the database would not take are replayed as the rows that they were', async () => {
		const row = logRow(event('poison', { id: 'p', sessionId: 's7' }));
		const broken = { ...row, json: row.json.replace(/"server":"[^"]+"/, '"server":"not a time"') };
		expect(await writer.commit(batchOf('ingest', [broken]), soon())).toMatchObject({
			accepted: 0,
			refused: [{ index: 0 }]
		});
		expect(await replayOnly()).toMatchObject({ isStored: false });
		await database.sql`update rejected_events set raw = ${Buffer.from(row.json)}`;
		expect(await replayOnly()).toEqual({ isStored: true, isNew: true });
		expect(await database.sql`select session_id, event_type from analytics_events`).toEqual([
			{ session_id: 's7', event_type: 'poison' }
		]);
	});

	test('are not found by what is no id', async () => {
		expect(await reads.kept("'; drop table")).toBeNull();
		expect(await reads.kept('00000000-0000-0000-0000-000000000000')).toBeNull();
	});
});

describe('the system', () => {
	test('says how much came in, of the latest commits', async () => {
		const now = Date.now() + 1_000;
		const empty = await systemReads(database.sql, () => now).intake();
		expect(empty).toMatchObject({ minute: { commits: 0, events: 0, coveredMs: 60_000 }, newestCommitAt: null });
		for (let index = 0; index < 3; index++) {
			const own = [event('a', { id: `${index}a` }), event('b', { id: `${index}b` })];
			await writer.commit(batch(own), soon());
		}
		const read = await systemReads(database.sql, () => Date.now() + 1).intake();
		expect(read.minute).toEqual({ commits: 3, events: 6, coveredMs: 60_000 });
		await database.sql`
			insert into commits (committed_at, event_count, source)
			select now() + n * interval '10 milliseconds', 1, 'test' from generate_series(1, 1000) as n`;
		const [{ last } = { last: new Date() }] = await database.sql<
			{ last: Date }[]
		>`select max(committed_at) as last from commits`;
		const busy = await systemReads(database.sql, () => last.getTime() + 10).intake();
		expect(busy.minute.commits).toBeGreaterThanOrEqual(999);
		expect(busy.minute.coveredMs).toBeLessThan(10_100);
	});

	test('says how large the tables are, and which migrations are applied', async () => {
		const { bytes, tables, migrations, version } = await systemReads(database.sql).database();
		expect(bytes).toBeGreaterThan(1e6);
		expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['analytics_events', 'sessions', 'commits']));
		expect(migrations.map(({ name }) => name)).toContain('0001_log_and_projections.sql');
		expect(version).toMatch(/^\d+/);
	});

	test('says how busy the commits are, and how long they take', async () => {
		await writer.commit(batch([event('a')]), soon());
		await expect.poll(() => writer.load().busy).toBe(0);
		const { took, waiting, lanes, fault } = writer.load();
		expect({ waiting, lanes, fault }).toEqual({ waiting: 0, lanes: 2, fault: null });
		expect(took?.count).toBeGreaterThan(0);
		expect(took?.p95).toBeGreaterThanOrEqual(took?.p50 ?? Infinity);
	});
});
