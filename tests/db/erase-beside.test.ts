/** What runs beside an erasure brings nothing of it back: rebuilds, months that leave, sessions that end, shippers that slept. */
import type { TransactionSql } from 'postgres';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { groupCommits } from '../../src/lib/server/archive/shipper-ledger';
import { shipEverything } from '../../src/lib/server/archive/shipper';
import { shipNext } from '../../src/lib/server/archive/shipper-object';
import { Committer } from '../../src/lib/server/commit/committer';
import { rebuild, verify } from '../../src/lib/server/commit/rebuild';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { startSweeper } from '../../src/lib/server/commit/sweeper';
import { connect } from '../../src/lib/server/db/connect';
import { clean } from '../../src/lib/server/forget/archive';
import { workAtErasure } from '../../src/lib/server/forget/job';
import { readErasure, requestErasure } from '../../src/lib/server/forget/ledger';
import { matcherOf } from '../../src/lib/server/forget/matching';
import type { Subject } from '../../src/lib/server/forget/subject';
import { retain } from '../../src/lib/server/months/retention';
import { folderArchive, sameStore } from '../support/archive';
import { testDatabase, type TestDatabase } from '../support/database';
import { batch, T0 } from '../support/events';
import { placesNaming, story } from '../support/forgetting';
import { halfDetach } from '../support/months';

const NEVER = new AbortController().signal;
const SESSION = 'sess_forgetme_9f2k1c';
const OTHER = 'sess_stays_77aa';
const SHOP = 'forget-this-shop.myshopify.com';
const STAYS = 'stays.myshopify.com';

let database: TestDatabase;
let writer: Committer;
let archive: Awaited<ReturnType<typeof folderArchive>>;
const said: string[] = [];
const log = {
	info: (fields: object, message: string) => void said.push(JSON.stringify(fields) + message),
	warn: (fields: object | string, message = '') => void said.push(JSON.stringify(fields) + message),
	error: (message: string) => void said.push(message)
};

beforeEach(async () => {
	database = await testDatabase();
	archive = await folderArchive();
	const queue = { maxEvents: 1e6, maxSize: 1e9 };
	writer = new Committer({ url: database.url, lanes: 1, queue, stallMs: 20_000, log });
});
afterEach(async () => {
	await writer.stop();
	await database.drop();
});

async function commit(...events: LogEvent[]) {
	const outcome = await writer.commit(batch(events), Date.now() + 20_000);
	if ('code' in outcome) throw new Error(outcome.message);
	return outcome;
}

const ship = () => shipEverything({ sql: database.sql, store: archive, log }, 1_000_000, () => undefined);

async function erase(subject: Subject, store = sameStore(archive)) {
	const { id } = await requestErasure(database.sql, subject, 'operator');
	await workAtErasure({ sql: database.sql, store, log }, NEVER, id);
	expect(await readErasure(database.sql, id)).toMatchObject({ step: 'done', fault: null });
}

const stepOf = async () => (await database.sql<{ step: string }[]>`select step from erasures`)[0]?.step;
const placesOf = (text: string) => placesNaming(text, database.sql, archive.folder, said.join('\n'));

async function expectVerified(): Promise<void> {
	const differences = await verify(database.sql);
	expect(differences.filter(({ onlyLive, onlyRebuilt }) => onlyLive + onlyRebuilt > 0)).toEqual([]);
}

/** Somebody waits for who has the turn, or for what is done by then. */
const isWaitedFor = async (): Promise<boolean> => {
	const waiting = await database.sql`
		select from pg_locks
		where locktype = 'advisory' and not granted
			and database = (select oid from pg_database where datname = current_database())
		limit 1`;
	return waiting.length > 0 || (await stepOf()) === 'done';
};

it('a rebuild under way puts nothing back of what is erased meanwhile', async () => {
	await commit(...story(SESSION, STAYS, 0));
	await database.sql`insert into commits (source, event_count) select 'ingest', 0 from generate_series(1, 20000)`;
	await commit(...story(OTHER, STAYS, 60_000));
	let held: Promise<{ release: () => Promise<void> }> | null = null;
	const holdFolding = async () => {
		const other = connect({ url: database.url, application: 'tests', max: 1 });
		await other.unsafe('begin; lock table control_room_shadow.folded_commits in share mode');
		return { release: () => other.end() };
	};
	const rebuilding = rebuild(database.sql, () => void (held ??= holdFolding()));
	await expect.poll(() => held).not.toBeNull();
	const { release } = await (held as unknown as Promise<{ release: () => Promise<void> }>);
	const erasing = erase({ kind: 'session', sessionId: SESSION });
	await expect.poll(isWaitedFor).toBe(true);
	await release();
	await rebuilding;
	await erasing;
	expect(await placesOf(SESSION)).toEqual([]);
	await expectVerified();
});

it('a month that is leaving the log is erased from too', async () => {
	await commit(...story(SESSION, STAYS, 0), ...story(OTHER, STAYS, 60_000));
	await ship();
	// Whoever reads the month keeps it from leaving.
	const reader = connect({ url: database.url, application: 'tests', max: 1 });
	await reader.unsafe('begin; select from analytics_events limit 1');
	const leaving = retain(database.url, { keepMonths: 1, now: Date.now(), dryRun: false });
	const isDetaching = async () => (await database.sql`select from pg_inherits where inhdetachpending`).length;
	await expect.poll(isDetaching).toBe(1);
	const erasing = erase({ kind: 'session', sessionId: SESSION });
	await expect.poll(isWaitedFor).toBe(true);
	await reader.end();
	await leaving;
	await erasing;
	expect(await placesOf(SESSION)).toEqual([]);
	expect(await database.sql`select session_id from sessions`).toEqual([{ session_id: OTHER }]);
});

it.each(['before it had left', 'when it had left'])(
	'a month whose leaving was interrupted %s is erased from too',
	async (when) => {
		await commit(...story(SESSION, STAYS, 0), ...story(OTHER, STAYS, 60_000));
		await ship();
		const [{ month } = { month: '' }] = await database.sql<{ month: string }[]>`
		select month_table(log_month(${new Date(T0)})) as month`;
		if (when === 'when it had left') {
			await database.sql.unsafe(`alter table analytics_events detach partition ${month}`);
		} else {
			await halfDetach(database, month);
		}
		await erase({ kind: 'session', sessionId: SESSION });
		expect(await placesOf(SESSION)).toEqual([]);
		expect(await database.sql`select from analytics_events`).toHaveLength(6);
		await expectVerified();
	}
);

it('what a month that has left could not remove is removed before anything of it counts as erased', async () => {
	await commit(...story(SESSION, STAYS, 0), ...story(OTHER, STAYS, 60_000));
	await ship();
	const [{ month } = { month: '' }] = await database.sql<{ month: string }[]>`
		select month_table(log_month(${new Date(T0)})) as month`;
	await database.sql.unsafe(`create view somebodys as select * from ${month}`);
	const leaving = retain(database.url, { keepMonths: 1, now: Date.now(), dryRun: false });
	await expect(leaving).rejects.toThrow('other objects depend on it');
	await database.sql`drop view somebodys`;
	expect(await placesOf(SESSION)).toContainEqual(expect.stringMatching(/^left_month_/));
	await erase({ kind: 'session', sessionId: SESSION });
	expect(await placesOf(SESSION)).toEqual([]);
	expect(await database.sql`select session_id from sessions`).toEqual([{ session_id: OTHER }]);
});

it('sessions of a shop that fall silent while it is erased leave nothing behind, neither in the log nor in the archive', async () => {
	await commit(...story(SESSION, SHOP, 0).slice(0, 3), ...story(OTHER, STAYS, 0).slice(0, 3));
	await ship();
	const sweeping = sameStore(archive);
	const sweeper = startSweeper({ sql: database.sql, commit: writer.commit.bind(writer), timeoutMs: 600_000, log });
	let swept = 0;
	sweeping.read = async (name) => {
		if ((await stepOf()) === 'look' && swept === 0) {
			swept = await sweeper.sweep();
			await ship();
		}
		return archive.read(name);
	};
	await erase({ kind: 'shop', shopDomain: SHOP }, sweeping);
	await sweeper.stop();
	expect(swept).toBe(2);
	expect(await placesOf(SHOP)).toEqual([]);
	expect(await placesOf(SESSION)).toEqual([]);
	expect(await database.sql`select session_id, status from sessions`).toEqual([
		{ session_id: OTHER, status: 'abandoned' }
	]);
	await expectVerified();
});

it('an object that is looked at before its first byte is written keeps its name in the ledger', async () => {
	await commit(...story(OTHER, STAYS, 60_000));
	await groupCommits(database.sql, { objectBytes: 1, maxAgeMs: 0 });
	const slow = sameStore(archive);
	slow.create = async (name, body) => {
		const matcher = matcherOf({ kind: 'session', sessionId: SESSION }, new Set(), new Date());
		await clean(database.sql, archive, name, matcher);
		return archive.create(name, body);
	};
	expect(await shipNext({ sql: database.sql, store: slow, log })).toBe(6);
	const names: string[] = [];
	for await (const { name } of archive.list({ prefix: '' })) names.push(name);
	expect(await database.sql`select name, state from archive_objects`).toEqual([{ name: names[0], state: 'shipped' }]);
});

it('a shipper that slept while others took its object over takes back what it wrote too late', async () => {
	await commit(...story(SESSION, STAYS, 0));
	await groupCommits(database.sql, { objectBytes: 1, maxAgeMs: 0 });
	const sleepy = sameStore(archive);
	sleepy.create = async (name, body) => {
		await database.sql`update archive_objects set claimed_until = now()`;
		await erase({ kind: 'session', sessionId: SESSION });
		await ship();
		return archive.create(name, body);
	};
	await shipNext({ sql: database.sql, store: sleepy, log });
	expect(await placesOf(SESSION)).toEqual([]);
	expect(await database.sql`select name, state, events from archive_objects`).toEqual([
		{ name: null, state: 'shipped', events: 0 }
	]);
});

it('tables of which much was erased are analyzed, so that they are not read as if all of it were there', async () => {
	const many = Array.from({ length: 200 }, (_, n) => story(`sess_${n}`, SHOP, n * 10_000)).flat();
	await commit(...many, ...story(OTHER, STAYS, 0));
	const shops = async () => {
		const [row] = await database.sql<{ shops: string }[]>`
			select most_common_vals::text as shops from pg_stats
			where tablename = 'analytics_events' and attname = 'shop_domain' and inherited`;
		return row?.shops;
	};
	await database.sql`analyze analytics_events`;
	expect(await shops()).toContain(SHOP);
	await erase({ kind: 'shop', shopDomain: SHOP });
	expect(await shops()).toBe(`{${STAYS}}`);
});

it('a process that slept while another finished its erasure leaves it finished, and no plain words behind', async () => {
	await commit(...story(SESSION, STAYS, 0), ...story(OTHER, STAYS, 60_000));
	await ship();
	const { id } = await requestErasure(database.sql, { kind: 'session', sessionId: SESSION }, 'operator');
	const sleepy = sameStore(archive);
	let slept = false;
	sleepy.read = async (name) => {
		if (!slept) {
			slept = true;
			await database.sql`update erasures set claimed_until = now()`;
			await workAtErasure({ sql: database.sql, store: archive, log }, NEVER, id);
		}
		return archive.read(name);
	};
	await workAtErasure({ sql: database.sql, store: sleepy, log }, NEVER, id);
	expect(await readErasure(database.sql, id)).toMatchObject({ step: 'done', fault: null, counts: { sessions: 1 } });
	expect(await placesOf(SESSION)).toEqual([]);
});

it('what is shipped between the look through the archive and the end of the log is erased, also when a clock was ahead', async () => {
	await commit(...story(SESSION, SHOP, Date.now() - T0 + 3_600_000), ...story(OTHER, STAYS, 0));
	const late = sameStore(archive);
	late.list = async function* (range) {
		yield* archive.list(range);
		await ship();
	};
	await erase({ kind: 'shop', shopDomain: SHOP }, late);
	expect(await placesOf(SHOP)).toEqual([]);
	expect((await placesOf(OTHER)).some((place) => place.endsWith('.json'))).toBe(true);
});

it.each(['before that is written', 'when that is written'])(
	'a process that dies as it finishes, %s, leaves no sample of what stood in the erasure’s own tables',
	async (when) => {
		const ids = ['sess_person_1', 'sess_person_2', 'sess_person_3'];
		const customer = { id: '9171719', email: null, phone: null };
		await commit(...ids.flatMap((id) => story(id, STAYS, 0, { customerId: 9171719 })), ...story(OTHER, STAYS, 0));
		await ship();
		const sampling = sameStore(archive);
		sampling.list = async function* (range) {
			yield* archive.list(range);
			await database.sql`analyze`;
		};
		const dying = new Proxy(database.sql, {
			get: (sql, name) =>
				name === 'begin'
					? async (work: (transaction: TransactionSql) => Promise<unknown>) => {
							const isFinishing = (await stepOf()) === 'rest';
							const die = (now: boolean) => {
								if (isFinishing && now) throw new Error('died');
							};
							const result = await sql.begin(async (transaction) => {
								const worked = await work(transaction);
								die(when === 'before that is written');
								return worked;
							});
							die(when === 'when that is written');
							return result;
						}
					: (Reflect.get(sql, name) as unknown)
		});
		const { id } = await requestErasure(database.sql, { kind: 'customer', shopDomain: STAYS, customer }, 'operator');
		await workAtErasure({ sql: dying, store: sampling, log }, NEVER, id);
		expect(said.at(-1)).toContain('died');
		await database.sql`update erasures set claimed_until = now() where finished_at is null`;
		await workAtErasure({ sql: database.sql, store: archive, log }, NEVER, id);
		expect(await readErasure(database.sql, id)).toMatchObject({ step: 'done', fault: null });
		for (const text of ids) expect(await placesOf(text), text).toEqual([]);
	}
);
