/** What runs beside an erasure brings nothing of it back: rebuilds, months that leave, sessions that end, shippers that slept. */
import type { TransactionSql } from 'postgres';
import { expect, it } from 'vitest';
import { groupCommits } from '../../src/lib/server/archive/shipper-ledger';
import { shipNext } from '../../src/lib/server/archive/shipper-object';
import { rebuild } from '../../src/lib/server/commit/rebuild';
import { startSweeper } from '../../src/lib/server/commit/sweeper';
import { connect } from '../../src/lib/server/db/connect';
import { clean } from '../../src/lib/server/forget/archive';
import { workAtErasure } from '../../src/lib/server/forget/job';
import { readErasure, requestErasure } from '../../src/lib/server/forget/ledger';
import { matcherOf } from '../../src/lib/server/forget/matching';
import { retain } from '../../src/lib/server/months/retention';
import { sameStore } from '../support/archive';
import { T0 } from '../support/events';
import { NEVER, OTHER, SESSION, SHOP, STAYS, useErasing } from '../support/erasing';
import { story } from '../support/forgetting';
import { halfDetach } from '../support/months';

const room = useErasing(1_000_000);
const { log, said, commit, ship, erase, placesOf, expectVerified } = room;

const stepOf = async () => (await room.database.sql<{ step: string }[]>`select step from erasures`)[0]?.step;

/** Somebody waits for who has the turn, or for what is done by then. */
const isWaitedFor = async (): Promise<boolean> => {
	const waiting = await room.database.sql`
		select from pg_locks
		where locktype = 'advisory' and not granted
			and database = (select oid from pg_database where datname = current_database())
		limit 1`;
	return waiting.length > 0 || (await stepOf()) === 'done';
};

it('a rebuild under way puts nothing back of what is erased meanwhile', async () => {
	await commit(...story(SESSION, STAYS, 0));
	await room.database.sql`insert into commits (source, event_count) select 'ingest', 0 from generate_series(1, 20000)`;
	await commit(...story(OTHER, STAYS, 60_000));
	let held: Promise<{ release: () => Promise<void> }> | null = null;
	const holdFolding = async () => {
		const other = connect({ url: room.database.url, application: 'tests', max: 1 });
		await other.unsafe('begin; lock table control_room_shadow.folded_commits in share mode');
		return { release: () => other.end() };
	};
	const rebuilding = rebuild(room.database.sql, () => void (held ??= holdFolding()));
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
	const reader = connect({ url: room.database.url, application: 'tests', max: 1 });
	await reader.unsafe('begin; select from analytics_events limit 1');
	const leaving = retain(room.database.url, { keepMonths: 1, now: Date.now(), dryRun: false });
	const isDetaching = async () => (await room.database.sql`select from pg_inherits where inhdetachpending`).length;
	await expect.poll(isDetaching).toBe(1);
	const erasing = erase({ kind: 'session', sessionId: SESSION });
	await expect.poll(isWaitedFor).toBe(true);
	await reader.end();
	await leaving;
	await erasing;
	expect(await placesOf(SESSION)).toEqual([]);
	expect(await room.database.sql`select session_id from sessions`).toEqual([{ session_id: OTHER }]);
});

it.each(['before it had left', 'when it had left'])(
	'a month whose leaving was interrupted %s is erased from too',
	async (when) => {
		await commit(...story(SESSION, STAYS, 0), ...story(OTHER, STAYS, 60_000));
		await ship();
		const [{ month } = { month: '' }] = await room.database.sql<{ month: string }[]>`
		select month_table(log_month(${new Date(T0)})) as month`;
		if (when === 'when it had left') {
			await room.database.sql.unsafe(`alter table analytics_events detach partition ${month}`);
		} else {
			await halfDetach(room.database, month);
		}
		await erase({ kind: 'session', sessionId: SESSION });
		expect(await placesOf(SESSION)).toEqual([]);
		expect(await room.database.sql`select from analytics_events`).toHaveLength(6);
		await expectVerified();
	}
);

it('what a month that has left could not remove is removed before anything of it counts as erased', async () => {
	await commit(...story(SESSION, STAYS, 0), ...story(OTHER, STAYS, 60_000));
	await ship();
	const [{ month } = { month: '' }] = await room.database.sql<{ month: string }[]>`
		select month_table(log_month(${new Date(T0)})) as month`;
	await room.database.sql.unsafe(`create view somebodys as select * from ${month}`);
	const leaving = retain(room.database.url, { keepMonths: 1, now: Date.now(), dryRun: false });
	await expect(leaving).rejects.toThrow('other objects depend on it');
	await room.database.sql`drop view somebodys`;
	expect(await placesOf(SESSION)).toContainEqual(expect.stringMatching(/^left_month_/));
	await erase({ kind: 'session', sessionId: SESSION });
	expect(await placesOf(SESSION)).toEqual([]);
	expect(await room.database.sql`select session_id from sessions`).toEqual([{ session_id: OTHER }]);
});

it('sessions of a shop that fall silent while it is erased leave nothing behind, neither in the log nor in the archive', async () => {
	await commit(...story(SESSION, SHOP, 0).slice(0, 3), ...story(OTHER, STAYS, 0).slice(0, 3));
	await ship();
	const sweeping = sameStore(room.archive);
	const sweeper = startSweeper({
		sql: room.database.sql,
		commit: room.writer.commit.bind(room.writer),
		timeoutMs: 600_000,
		log
	});
	let swept = 0;
	sweeping.read = async (name) => {
		if ((await stepOf()) === 'look' && swept === 0) {
			swept = await sweeper.sweep();
			await ship();
		}
		return room.archive.read(name);
	};
	await erase({ kind: 'shop', shopDomain: SHOP }, sweeping);
	await sweeper.stop();
	expect(swept).toBe(2);
	expect(await placesOf(SHOP)).toEqual([]);
	expect(await placesOf(SESSION)).toEqual([]);
	expect(await room.database.sql`select session_id, status from sessions`).toEqual([
		{ session_id: OTHER, status: 'abandoned' }
	]);
	await expectVerified();
});

it('an object that is looked at before its first byte is written keeps its name in the ledger', async () => {
	await commit(...story(OTHER, STAYS, 60_000));
	await groupCommits(room.database.sql, { objectBytes: 1, maxAgeMs: 0 });
	const slow = sameStore(room.archive);
	slow.create = async (name, body) => {
		const matcher = matcherOf({ kind: 'session', sessionId: SESSION }, new Set(), new Date());
		await clean(room.database.sql, room.archive, name, matcher);
		return room.archive.create(name, body);
	};
	expect(await shipNext({ sql: room.database.sql, store: slow, log })).toBe(6);
	const names: string[] = [];
	for await (const { name } of room.archive.list({ prefix: '' })) names.push(name);
	expect(await room.database.sql`select name, state from archive_objects`).toEqual([
		{ name: names[0], state: 'shipped' }
	]);
});

it('a shipper that slept while others took its object over takes back what it wrote too late', async () => {
	await commit(...story(SESSION, STAYS, 0));
	await groupCommits(room.database.sql, { objectBytes: 1, maxAgeMs: 0 });
	const sleepy = sameStore(room.archive);
	sleepy.create = async (name, body) => {
		await room.database.sql`update archive_objects set claimed_until = now()`;
		await erase({ kind: 'session', sessionId: SESSION });
		await ship();
		return room.archive.create(name, body);
	};
	await shipNext({ sql: room.database.sql, store: sleepy, log });
	expect(await placesOf(SESSION)).toEqual([]);
	expect(await room.database.sql`select name, state, events from archive_objects`).toEqual([
		{ name: null, state: 'shipped', events: 0 }
	]);
});

it('tables of which much was erased are analyzed, so that they are not read as if all of it were there', async () => {
	const many = Array.from({ length: 200 }, (_, n) => story(`sess_${n}`, SHOP, n * 10_000)).flat();
	await commit(...many, ...story(OTHER, STAYS, 0));
	const shops = async () => {
		const [row] = await room.database.sql<{ shops: string }[]>`
			select most_common_vals::text as shops from pg_stats
			where tablename = 'analytics_events' and attname = 'shop_domain' and inherited`;
		return row?.shops;
	};
	await room.database.sql`analyze analytics_events`;
	expect(await shops()).toContain(SHOP);
	await erase({ kind: 'shop', shopDomain: SHOP });
	expect(await shops()).toBe(`{${STAYS}}`);
});

it('a process that slept while another finished its erasure leaves it finished, and no plain words behind', async () => {
	await commit(...story(SESSION, STAYS, 0), ...story(OTHER, STAYS, 60_000));
	await ship();
	const { id } = await requestErasure(room.database.sql, { kind: 'session', sessionId: SESSION }, 'operator');
	const sleepy = sameStore(room.archive);
	let slept = false;
	sleepy.read = async (name) => {
		if (!slept) {
			slept = true;
			await room.database.sql`update erasures set claimed_until = now()`;
			await workAtErasure({ sql: room.database.sql, store: room.archive, log }, NEVER, id);
		}
		return room.archive.read(name);
	};
	await workAtErasure({ sql: room.database.sql, store: sleepy, log }, NEVER, id);
	expect(await readErasure(room.database.sql, id)).toMatchObject({
		step: 'done',
		fault: null,
		counts: { sessions: 1 }
	});
	expect(await placesOf(SESSION)).toEqual([]);
});

it('what is shipped between the look through the archive and the end of the log is erased, also when a clock was ahead', async () => {
	await commit(...story(SESSION, SHOP, Date.now() - T0 + 3_600_000), ...story(OTHER, STAYS, 0));
	const late = sameStore(room.archive);
	late.list = async function* (range) {
		yield* room.archive.list(range);
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
		const sampling = sameStore(room.archive);
		sampling.list = async function* (range) {
			yield* room.archive.list(range);
			await room.database.sql`analyze`;
		};
		const dying = new Proxy(room.database.sql, {
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
		const { id } = await requestErasure(
			room.database.sql,
			{ kind: 'customer', shopDomain: STAYS, customer },
			'operator'
		);
		await workAtErasure({ sql: dying, store: sampling, log }, NEVER, id);
		expect(said.at(-1)).toContain('died');
		await room.database.sql`update erasures set claimed_until = now() where finished_at is null`;
		await workAtErasure({ sql: room.database.sql, store: room.archive, log }, NEVER, id);
		expect(await readErasure(room.database.sql, id)).toMatchObject({ step: 'done', fault: null });
		for (const text of ids) expect(await placesOf(text), text).toEqual([]);
	}
);
