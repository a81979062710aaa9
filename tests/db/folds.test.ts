import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Committer } from '../../src/lib/server/commit/committer';
import { rebuildIfDue, verify } from '../../src/lib/server/commit/rebuild';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { migrate, MIGRATIONS } from '../../src/lib/server/db/migrate';
import { projections } from '../../src/lib/server/projections/index';
import { emptyDatabase, testDatabase, type TestDatabase } from '../support/database';
import { batch, event, T0 } from '../support/events';

let database: TestDatabase;
let writer: Committer;

beforeAll(async () => {
	database = await testDatabase();
	writer = committer(database.url);
});
afterAll(async () => {
	await writer.stop();
	await database.drop();
});
beforeEach(async () => {
	await database.sql.unsafe(`truncate analytics_events, commits, ${projections.map(({ table }) => table).join(', ')}`);
});

function committer(url: string): Committer {
	const log = { warn: () => undefined, error: (message: string) => process.stderr.write(message) };
	return new Committer({ url, lanes: 1, queue: { maxEvents: 1e6, maxSize: 1e9 }, stallMs: 20_000, log });
}

async function commit(...events: LogEvent[]): Promise<void> {
	expect(await writer.commit(batch(events), Date.now() + 20_000)).toMatchObject({ refused: [] });
}

async function expectVerified(): Promise<void> {
	const differences = await verify(database.sql);
	expect(differences.filter(({ onlyLive, onlyRebuilt }) => onlyLive + onlyRebuilt > 0)).toEqual([]);
}

const groupOf = (code: string, shape: string) => createHash('md5').update(`${code}\n${shape}`).digest('hex');

describe('groups of errors', () => {
	const error = (message: string, at: number, change: Partial<LogEvent> = {}) =>
		event('error', { clientTime: at, data: { errorCode: 'E1', errorMessage: message }, ...change });
	const said = (what: string, group: string, at: number, change: Partial<LogEvent> = {}) =>
		event(`error_group_${what}`, { sessionId: null, shopDomain: null, clientTime: null, serverTime: at, data: { group, by: 'ann' }, ...change }); // prettier-ignore
	const group = groupOf('E1', 'Timed out after <n> s for <id>');
	const stateOf = async () => {
		const [row] = await database.sql`select state, error_count::int, acknowledged_by, resolved_by from error_groups`;
		return row;
	};

	test('errors that differ by numbers and ids alone are one group, and each session is counted once', async () => {
		await commit(
			error('Timed out after 31 s for req_8f2c91ab07de', T0),
			error('Timed out after 7.5 s for req_000191ab07ff', T0 + 1),
			error('Timed out after 8 s for 123e4567-e89b-12d3-a456-426614174000', T0 + 2, { sessionId: 's2' }),
			error('No camera', T0 + 3)
		);
		expect(
			await database.sql`select group_key, message_shape, error_count::int from error_groups order by error_count desc`
		).toEqual([
			{ group_key: group, message_shape: 'Timed out after <n> s for <id>', error_count: 3 },
			{ group_key: groupOf('E1', 'No camera'), message_shape: 'No camera', error_count: 1 }
		]);
		expect(await database.sql`select session_id, errors::int from error_group_sessions where group_key = ${group} order by 1`).toEqual([
			{ session_id: 's1', errors: 2 },
			{ session_id: 's2', errors: 1 }
		]); // prettier-ignore
		await expectVerified();
	});

	test.each([
		['No room in seeit:result:ab12cd', 'No room in seeit:result:<id>'],
		['Not base64 of 1024 bytes at https://cdn.example/a.png?x=1', 'Not base<n> of <n> bytes at <url>'],
		['mask_edit failed', 'mask_edit failed']
	])('the shape of %j is %j', async (message, shape) => {
		expect(await database.sql`select message_shape(${message}) as shape`).toEqual([{ shape }]);
	});

	test('a group is acknowledged, resolved, comes back with the next error, and can be opened again by hand', async () => {
		const message = (seconds: number) => `Timed out after ${seconds} s for req_8f2c91ab07de`;
		await commit(error(message(31), T0));
		expect(await stateOf()).toMatchObject({ state: 'open' });
		await commit(said('acknowledged', group, T0 + 10));
		expect(await stateOf()).toMatchObject({ state: 'acknowledged', acknowledged_by: 'ann' });
		await commit(said('resolved', group, T0 + 20));
		expect(await stateOf()).toMatchObject({ state: 'resolved', resolved_by: 'ann', acknowledged_by: null });
		// An older one that arrives late is no recurrence.
		await commit(error(message(32), T0 + 5));
		expect(await stateOf()).toMatchObject({ state: 'resolved', error_count: 2 });
		expect(await database.sql`select resolved_at from errors`).toEqual([
			{ resolved_at: new Date(T0 + 20) },
			{ resolved_at: new Date(T0 + 20) }
		]);
		await commit(error(message(33), T0 + 30));
		expect(await stateOf()).toMatchObject({ state: 'came_back', error_count: 3 });
		expect(await database.sql`select from errors where resolved_at is null`).toHaveLength(1);
		await commit(said('resolved', group, T0 + 40), said('reopened', group, T0 + 50));
		expect(await stateOf()).toMatchObject({ state: 'open', resolved_by: null });
		await expectVerified();
	});

	test('a client cannot say anything of a group, nor set a price', async () => {
		await commit(error('Timed out after 31 s for req_8f2c91ab07de', T0));
		await commit(said('resolved', group, T0 + 20, { ip: '203.0.113.9' }));
		await commit(
			event('price_set', { ip: '203.0.113.9', data: { provider: 'fal', validFrom: '2026-01-01', priceUsd: 1 } })
		);
		expect(await stateOf()).toMatchObject({ state: 'open' });
		expect(await database.sql`select from prices`).toHaveLength(0);
		expect(await database.sql`select from analytics_events`).toHaveLength(3);
		await expectVerified();
	});
});

test('a client cannot end a session by saying that it timed out', async () => {
	await commit(
		event('session_started'),
		event('session_timed_out', { id: 'forged', clientTime: T0 + 5, ip: '203.0.113.9' })
	);
	expect(await database.sql`select status, event_count from sessions`).toEqual([
		{ status: 'in_progress', event_count: 2 }
	]);
	await commit(event('session_timed_out', { clientTime: T0 + 9 }));
	expect(await database.sql`select status, abandonment_reason from sessions`).toEqual([
		{ status: 'abandoned', abandonment_reason: 'timeout' }
	]);
	await expectVerified();
});

describe('prices', () => {
	const price = (priceUsd: unknown, at: number, validFrom = '2026-01-01') =>
		event('price_set', {
			sessionId: null,
			shopDomain: null,
			clientTime: null,
			serverTime: at,
			data: { provider: 'fal', model: 'flux', operation: 'inpaint', validFrom, priceUsd, by: 'ann' }
		});

	test('the latest word on a day stands, and a price can be taken back', async () => {
		await commit(price('0.05', T0), price('0.04', T0 + 2), price('0.06', T0 + 1), price('0.02', T0, '2026-02-01'));
		await commit(price('9', T0, 'next week'));
		const rows = () => database.sql`select valid_from::text, price_usd from prices order by valid_from`;
		expect(await rows()).toEqual([
			{ valid_from: '2026-01-01', price_usd: '0.04' },
			{ valid_from: '2026-02-01', price_usd: '0.02' }
		]);
		await commit(price(null, T0 + 5, '2026-02-01'));
		expect(await rows()).toEqual([
			{ valid_from: '2026-01-01', price_usd: '0.04' },
			{ valid_from: '2026-02-01', price_usd: null }
		]);
		await expectVerified();
	});
});

describe('tallies', () => {
	test('a session is counted when it ends, and counted anew when something of it changes', async () => {
		const counted = () =>
			database.sql`select shop, sessions::int, completed::int, reached_3::int, cost from session_tallies
				where dimension = 'shop' and sessions <> 0 order by shop`;
		await commit(event('step_update', { data: { step: 'inpaint', status: 'started' } }));
		expect(await counted()).toEqual([]);
		await commit(event('session_ended', { clientTime: T0 + 5, data: { status: 'abandoned' } }));
		expect(await counted()).toEqual([{ shop: 'a.example', sessions: 1, completed: 0, reached_3: 1, cost: '0' }]);
		await commit(
			event('ai_request', { data: { requestId: 'r', costUsd: 0.04, status: 'success' } }),
			event('session_ended', { clientTime: T0 + 9, shopDomain: 'b.example', data: { status: 'completed' } })
		);
		expect(await counted()).toEqual([{ shop: 'b.example', sessions: 1, completed: 1, reached_3: 1, cost: '0.04' }]);
		await expectVerified();
	});

	test('a database of the schema before them gets them from its log', async () => {
		const old = await emptyDatabase();
		const first = Object.fromEntries(Object.entries(MIGRATIONS).filter(([name]) => name.startsWith('0001')));
		await migrate(old.sql, first);
		await old.sql`insert into commits (event_count, source) values (2, 'ingest')`;
		await old.sql`
			insert into analytics_events (id, event_type, session_id, shop_domain, data, client_timestamp, server_timestamp, commit_id)
			values
				('e1', 'error', 's1', 'a.example', '{"errorCode": "E1"}', now(), now(), 1),
				('e2', 'session_ended', 's1', 'a.example', '{"status": "completed"}', now(), now(), 1)`;
		await migrate(old.sql);
		expect(await rebuildIfDue(old.sql)).toBe(1);
		expect(await rebuildIfDue(old.sql)).toBe(null);
		expect(await old.sql`select error_code, state from error_groups`).toEqual([{ error_code: 'E1', state: 'open' }]);
		expect(await old.sql`select completed::int from session_tallies where dimension = 'all'`).toEqual([
			{ completed: 1 }
		]);
		await old.drop();
	});

	test('the sums of errors that a migration made of the tables before are those that commits keep', async () => {
		const DAY = 86_400_000;
		await commit(
			...[0, 1, 2, 8, 9].flatMap((day) =>
				['s1', 's2', null].map((sessionId, place) =>
					event('error', {
						id: `${day} ${place}`,
						sessionId,
						shopDomain: ['a.example', 'b.example', ''][(day + place) % 3] ?? null,
						clientTime: T0 - day * DAY - place * 3_600_000,
						data: { errorCode: `E${day % 2}`, severity: place === 1 ? 'critical' : undefined, step: 'mask' }
					})
				)
			)
		);
		const kept = () => database.sql`select count(*)::int as rows, sum(errors)::int as errors from error_total_tallies`;
		const before = await kept();
		await database.sql.unsafe(`
			drop table error_total_tallies, error_session_tallies, error_group_shops;
			drop index sessions_product;
			alter table error_group_sessions drop column replaced_at;
			delete from error_group_sessions where group_key = '';
			delete from schema_migrations where name = '0012_long_histories.sql'`);
		expect(await migrate(database.sql)).toEqual(['0012_long_histories.sql']);
		expect(await kept()).toEqual(before);
		expect(before[0]).toMatchObject({ errors: 60 });
		await expectVerified();
	});

	test('a fresh database has nothing to rebuild', async () => {
		expect(await rebuildIfDue(database.sql)).toBe(null);
	});
});
