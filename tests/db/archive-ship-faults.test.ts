/** Each event is in the archive exactly once, whatever goes wrong on the way, and however many ship at once. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BucketStore } from '../../src/lib/server/archive/gcs';
import { startShipper, shipEverything, type Shipper } from '../../src/lib/server/archive/shipper';
import { claimObject, groupCommits, nameObject } from '../../src/lib/server/archive/shipper-ledger';
import { readObject } from '../../src/lib/server/archive/object';
import { shipNext, type Shipping } from '../../src/lib/server/archive/shipper-object';
import { system } from '../../src/lib/server/read/system';
import { commitEvents } from '../support/commit';
import { testDatabase, type TestDatabase } from '../support/database';
import { event } from '../support/events';
import { randomFaults, startFakeBucket, type FakeBucket } from '../support/fake-gcs';

let database: TestDatabase;
let fake: FakeBucket;
let warned: string[];
const shippers: Shipper[] = [];

beforeEach(async () => {
	database = await testDatabase();
	fake = await startFakeBucket();
	warned = [];
});
afterEach(async () => {
	await Promise.all(shippers.splice(0).map((shipper) => shipper.stop()));
	await fake.close();
	await database.drop();
});

const log = { warn: (message: string) => void warned.push(message) };
const bucket = () =>
	new BucketStore({
		kind: 'bucket',
		bucket: 'events',
		prefix: '',
		endpoint: fake.endpoint,
		credentials: undefined,
		keyFile: undefined
	});
const shipping = (): Shipping => ({ sql: database.sql, store: bucket(), log });
const ship = () => shipEverything(shipping(), 1e6, () => undefined);

function start(objectBytes = 2_000): void {
	shippers.push(startShipper({ url: database.url, store: bucket(), grouping: { objectBytes, maxAgeMs: 0 }, log }));
}

/** Of each event in the bucket, how often it is there. */
function archived(): Map<string, number> {
	const times = new Map<string, number>();
	for (const { body } of fake.objects.values()) {
		const { events } = JSON.parse(body.toString()) as { events: { id: string }[] };
		for (const { id } of events) times.set(id, (times.get(id) ?? 0) + 1);
	}
	return times;
}

async function expectEachOnce(): Promise<void> {
	const rows = await database.sql<{ id: string }[]>`select id from analytics_events`;
	expect(archived()).toEqual(new Map(rows.map(({ id }) => [id, 1])));
	const ledger = await database.sql<{ name: string; sha256: string; bytes: string; events: number }[]>`
		select name, sha256, bytes, events from archive_objects where state = 'shipped' order by name`;
	const there = [...fake.objects].map(([name, { body }]) => ({
		name,
		sha256: createHash('sha256').update(body).digest('hex'),
		bytes: String(body.length),
		events: (JSON.parse(body.toString()) as { events: unknown[] }).events.length
	}));
	expect(ledger).toEqual(there.sort((a, b) => (a.name < b.name ? -1 : 1)));
	expect(await database.sql`select from commits where archive_object is null`).toHaveLength(0);
}

const nothingWaits = async () => (await system(database.sql).archive()).waiting.commits === 0;
let made = 0;
const commit = (events = 3) =>
	commitEvents(
		database.sql,
		Array.from({ length: events }, () => event('ping', { id: `e${made++}`, serverTime: Date.now(), ip: '192.0.2.1' }))
	);

describe('each event is in the archive exactly once', () => {
	it.each([1, 2, 3])(
		'with faults at random in a third of the requests, and three who ship at once (seed %i)',
		async (seed) => {
			fake.fail = randomFaults(seed, 1 / 3, ['unavailable', 'limited', 'cut', 'cut after', 'slow', 'truncated']);
			for (let n = 0; n < 3; n++) start();
			for (let n = 0; n < 60; n++) await commit();
			await expect.poll(nothingWaits, { timeout: 100_000, interval: 200 }).toBe(true);
			await expectEachOnce();
			expect(fake.objects.size).toBeGreaterThan(5);
			expect([...fake.writes.values()].every((times) => times === 1)).toBe(true);
		}
	);

	it('when who ships it is cut off anywhere, and another goes on', async () => {
		await commit();
		expect(await groupCommits(database.sql, { objectBytes: 1, maxAgeMs: 0 })).toBe(true);
		// Cut off after it was taken,
		expect(await claimObject(database.sql, 0)).toMatchObject({ attempts: 1, name: null });
		// after it was named,
		const second = await claimObject(database.sql, 0);
		const object = second && (await readObject(database.sql, second));
		if (!second || !object) throw new Error('there was an object to ship');
		expect(await nameObject(database.sql, second, object)).toBe(true);
		// and after it was written.
		expect(await bucket().create(object.name, object.body)).toBe('created');
		await commit();
		await ship();
		await expectEachOnce();
		expect(fake.writes.get(object.name)).toBe(1);
	});

	it('when one is so slow that another has taken over, and both come to an end', async () => {
		await commit();
		await groupCommits(database.sql, { objectBytes: 1, maxAgeMs: 0 });
		const slow = await claimObject(database.sql, 0);
		const object = slow && (await readObject(database.sql, slow));
		if (!slow || !object) throw new Error('there was an object to ship');
		await ship();
		expect(await nameObject(database.sql, slow, object)).toBe(false);
		expect(await bucket().create(object.name, object.body)).toBe('same');
		await expectEachOnce();
	});

	it('when the answer to its only write was lost for good', async () => {
		await commit();
		fake.fail = ({ upload }) => (upload ? 'cut after' : 'cut');
		await expect(ship()).rejects.toThrow();
		expect(fake.objects.size).toBe(1);
		fake.fail = () => null;
		await ship();
		await expectEachOnce();
		expect(fake.writes.size).toBe(1);
	});
});

describe('shipping', () => {
	it('joins small commits up to a size, and ships what is too few for that when it is old enough', async () => {
		const objectBytes = 5_000;
		for (let n = 0; n < 30; n++) await commit(1);
		const [{ bytes } = { bytes: 0 }] = await database.sql<{ bytes: number }[]>`select max(bytes) as bytes from commits`;
		while (await groupCommits(database.sql, { objectBytes, maxAgeMs: 60_000 }));
		const fits = Math.floor(objectBytes / bytes);
		const grouped = await database.sql<{ commits: number; first: string }[]>`
			select commits, first_commit as first from archive_objects order by id`;
		expect(grouped.map(({ commits }) => commits)).toEqual(Array.from({ length: Math.ceil(30 / fits) - 1 }, () => fits));
		await database.sql`update commits set committed_at = committed_at - interval '61 seconds' where archive_object is null`;
		expect(await groupCommits(database.sql, { objectBytes, maxAgeMs: 60_000 })).toBe(true);
		expect(await groupCommits(database.sql, { objectBytes, maxAgeMs: 60_000 })).toBe(false);
		await ship();
		await expectEachOnce();
		for (const { body } of fake.objects.values()) expect(body.length).toBeLessThan(objectBytes * 1.5);
	});

	it('lets no object go over the end of a day', async () => {
		for (let n = 0; n < 3; n++) await commit(1);
		await database.sql`update commits set committed_at = '2026-01-09T23:59:59.999Z' where id < (select max(id) from commits)`;
		await database.sql`update commits set committed_at = '2026-01-10T00:00:00Z' where id = (select max(id) from commits)`;
		await ship();
		expect(await database.sql`select commits from archive_objects order by id`).toEqual([
			{ commits: 2 },
			{ commits: 1 }
		]);
		await expectEachOnce();
	});

	it('does not send to the archive what came from it', async () => {
		await commit();
		await database.sql`update commits set source = 'backfill'`;
		await ship();
		expect(fake.objects.size).toBe(0);
		expect(await system(database.sql).archive()).toMatchObject({ waiting: { commits: 0 }, shipped: { objects: 0 } });
	});

	it('finds events whose time is far from that of their commit', async () => {
		await commitEvents(database.sql, [event('late', { id: 'late', serverTime: Date.UTC(2026, 0, 2) })]);
		await ship();
		await expectEachOnce();
		expect([...fake.objects.keys()][0]).toMatch(
			/^analytics\/events\/2026\/01\/02\/2026-01-02T00:00:00\.000Z_[0-9a-f]{16}\.json$/
		);
		expect(warned).toEqual([]);
	});

	it('writes over what an earlier attempt wrote when the log has changed since, and over nothing else', async () => {
		await commit(2);
		fake.fail = ({ upload }) => (upload ? 'cut after' : 'cut');
		await expect(ship()).rejects.toThrow();
		fake.fail = () => null;
		const [name = ''] = fake.objects.keys();
		await database.sql`delete from analytics_events where id = (select min(id) from analytics_events)`;
		await ship();
		await expectEachOnce();
		expect([...fake.objects.keys()]).toEqual([name]);
		expect(warned).toEqual([expect.stringMatching(/^of 2 events in commits \d+ to \d+ the log has 1/)]);

		await commit(1);
		await groupCommits(database.sql, { objectBytes: 1, maxAgeMs: 0 });
		const claimed = await claimObject(database.sql, 0);
		const object = claimed && (await readObject(database.sql, claimed));
		if (!object) throw new Error('there was an object to ship');
		await bucket().create(object.name, Buffer.from('{"of":"another"}'));
		await expect(shipNext(shipping())).rejects.toThrow('is there already, with other bytes');
		expect(fake.objects.get(object.name)?.body.toString()).toBe('{"of":"another"}');
		expect(await system(database.sql).archive()).toMatchObject({
			waiting: { commits: 1, events: 1 },
			fault: expect.stringContaining('with other bytes') as unknown
		});
	});

	it('has nothing to write of commits whose events are all gone, and takes back what it had written of them', async () => {
		await commit(1);
		await database.sql`delete from analytics_events`;
		await ship();
		expect(await system(database.sql).archive()).toMatchObject({ waiting: { commits: 0 }, shipped: { objects: 0 } });
		await commit(1);
		fake.fail = ({ upload }) => (upload ? 'cut after' : 'cut');
		await expect(ship()).rejects.toThrow();
		fake.fail = () => null;
		expect(fake.objects.size).toBe(1);
		await database.sql`delete from analytics_events`;
		await ship();
		expect(fake.objects.size).toBe(0);
		expect(await system(database.sql).archive()).toMatchObject({ waiting: { commits: 0 } });
	});

	it('goes on while the bucket is away, says so once, and drains when it is back', async () => {
		fake.away = true;
		start(500);
		const [shipper] = shippers;
		for (let n = 0; n < 5; n++) await commit();
		await expect.poll(() => shipper?.state().fault).toMatch(/ECONNRESET|socket hang up/);
		const before = await system(database.sql).archive();
		expect(before.waiting).toMatchObject({ commits: 5, events: 15, oldestAt: expect.any(Number) as unknown });
		expect(before.waiting.bytes).toBeGreaterThan(1_000);
		await expect.poll(async () => (await system(database.sql).archive()).fault).not.toBeNull();
		fake.away = false;
		await expect.poll(nothingWaits, { timeout: 60_000, interval: 200 }).toBe(true);
		await expectEachOnce();
		expect(shipper?.state().fault).toBeNull();
		expect(warned).toEqual([
			expect.stringMatching(/^events do not get to the archive at gs:\/\/events\/, trying again: /),
			'the archive at gs://events/ takes objects again'
		]);
	});

	it('has the backlog of a day in sight with its age and size while the bucket is away, and drains it day by day', async () => {
		fake.away = true;
		for (let n = 0; n < 100; n++) await commit(5);
		await database.sql`
			update commits set committed_at = now() - interval '26 hours' * (1 - (id - first)::float8 / 100)
			from (select min(id) as first from commits) as bounds`;
		start(5_000);
		await expect.poll(async () => (await system(database.sql).archive()).fault).not.toBeNull();
		const { waiting, readAt } = await system(database.sql).archive();
		expect(waiting).toMatchObject({ commits: 100, events: 500 });
		expect(Math.round((readAt - (waiting.oldestAt ?? 0)) / 3_600_000)).toBe(26);
		const [size] = await database.sql<{ bytes: number }[]>`select sum(bytes)::float8 as bytes from commits`;
		// An estimate, until an object of it is made.
		expect(waiting.bytes / (size?.bytes ?? NaN)).toBeCloseTo(1, 0);
		// What comes in meanwhile waits behind it.
		await commit();
		expect((await system(database.sql).archive()).waiting).toMatchObject({ commits: 101, oldestAt: waiting.oldestAt });

		fake.away = false;
		await expect.poll(nothingWaits, { timeout: 60_000, interval: 200 }).toBe(true);
		await expectEachOnce();
		expect(fake.objects.size).toBeGreaterThan(10);
		expect(
			await database.sql`
				select archive_object from commits group by 1
				having count(distinct date_trunc('day', committed_at, 'UTC')) > 1`
		).toHaveLength(0);
	});

	it('looks for what there is to ship without writing anything where it is too little and too new', async () => {
		for (let n = 0; n < 3; n++) await commit();
		const [before] = await database.sql`select array_agg(xmax::text order by id) as locked from commits`;
		const grouping = { objectBytes: 1e9, maxAgeMs: 3_600_000 };
		for (let n = 0; n < 5; n++) expect(await groupCommits(database.sql, grouping)).toBe(false);
		const [after] = await database.sql`select array_agg(xmax::text order by id) as locked from commits`;
		expect(after?.['locked']).toEqual(before?.['locked']);
	});
});
