/**
 * Write keys from the tables to the log: what each mode does with events for which a key vouches and with all others, that
 * nothing is lost or counted twice on the way, and that the archive gives back who vouched.
 */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startKeyring } from '../../src/lib/server/access/keyring';
import {
	createKey,
	listKeys,
	revokeKey,
	rotateKey,
	setKeyMode,
	unsignedByShop,
	type KeyMode,
	type KeyWish,
	type NewKey
} from '../../src/lib/server/access/keys';
import { Committer } from '../../src/lib/server/commit/committer';
import { eventEndpoint } from '../../src/lib/server/ingest/endpoint';
import { replay } from '../../src/lib/server/ingest/replay';
import { TESTER } from '../support/actor';
import { parsedObject } from '../support/archive';
import { testDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
let committer: Committer;
let keyring: Awaited<ReturnType<typeof startKeyring>>;
const log = { warn: () => undefined, error: () => undefined };

beforeAll(async () => {
	database = await testDatabase();
	committer = new Committer({
		url: database.url,
		lanes: 2,
		queue: { maxEvents: 50_000, maxSize: 1e8 },
		stallMs: 10_000,
		log
	});
	keyring = await startKeyring({ sql: database.sql, onChange: () => () => undefined, requestsPerSecond: 0, log });
});

afterAll(async () => {
	keyring.stop();
	await committer.stop();
	await database.drop();
});

afterEach(async () => {
	await database.sql`truncate analytics_events, commits, rejected_events, sessions, shops, write_keys`;
	await setMode('mark');
});

async function setMode(mode: KeyMode): Promise<void> {
	await database.sql`update access_settings set key_mode = ${mode}`;
	await keyring.renew();
}

async function make(change: Partial<KeyWish> = {}): Promise<NewKey> {
	const wish: KeyWish = { name: 'web', shop: null, kind: 'browser', origins: [], ...change };
	const made = await createKey(database.sql, wish, TESTER);
	await keyring.renew();
	return made;
}

interface Told {
	status: number;
	accepted: number;
	duplicates: number;
	rejected: { index: number; reason: string }[];
	error?: { code: string };
}

async function send(events: unknown[], headers: Record<string, string> = {}, more: object = {}): Promise<Told> {
	const endpoint = eventEndpoint(committer.commit.bind(committer), 60_000, keyring, console);
	const body = Buffer.from(JSON.stringify({ events, ...more }));
	const answer = await endpoint.handle({
		method: 'POST',
		query: '',
		header: (name) => headers[name],
		body,
		address: '203.0.113.9'
	});
	expect(answer.headers['access-control-allow-origin']).toBe('*');
	return { status: answer.status, ...(JSON.parse(answer.body) as Omit<Told, 'status'>) };
}

const of = (shop: string | null, id: string) => ({ type: 'custom', id, shopDomain: shop, data: { id } });

/** Who vouched, by the event's id. */
async function vouchers(): Promise<Record<string, string | null>> {
	const rows = await database.sql<{ id: string; key: string | null }[]>`
		select id, key_id as key from analytics_events order by id`;
	return Object.fromEntries(rows.map(({ id, key }) => [id, key]));
}

describe('while there are no keys', () => {
	test('nothing changes, whatever comes as a key', async () => {
		await setMode('require');
		expect(await send([of('a.example', '1')])).toMatchObject({ status: 200, accepted: 1 });
		expect(await send([of('a.example', '2')], { 'x-control-room-key': 'x' }, { key: 'y' })).toMatchObject({
			accepted: 1
		});
		expect(await vouchers()).toEqual({ 1: null, 2: null });
		expect(await listKeys(database.sql)).toEqual({ mode: null, keys: [] });
	});
});

describe('in mode mark', () => {
	test('everything is stored, and says which key vouched for it', async () => {
		const all = await make();
		const one = await make({ shop: 'a.example' });
		await send([of('a.example', '1')], { 'x-control-room-key': all.secret });
		const mixed = [of('a.example', '2'), of('b.example', '3'), of('', '4'), of(null, '5')];
		expect(await send(mixed, {}, { key: one.secret })).toMatchObject({ accepted: 4, rejected: [] });
		expect(await send([of('a.example', '6')])).toMatchObject({ status: 200, accepted: 1 });
		expect(await send([of('a.example', '7')], { 'x-control-room-key': 'none' })).toMatchObject({ accepted: 1 });
		expect(await vouchers()).toEqual({
			1: all.id,
			2: one.id,
			3: null,
			4: one.id,
			5: one.id,
			6: null,
			7: null
		});
	});

	test('a repetition is one, whoever vouches for it, and content decides about ids as before', async () => {
		const key = await make();
		const event = { type: 'custom', shopDomain: 'a.example', data: { n: 1 }, timestamp: '2026-01-09T11:00:00Z' };
		expect(await send([event])).toMatchObject({ accepted: 1 });
		expect(await send([event], { 'x-control-room-key': key.secret })).toMatchObject({ accepted: 0, duplicates: 1 });
		expect(Object.values(await vouchers())).toEqual([null]);
	});
});

describe('in mode require', () => {
	test('what has no valid key is refused whole, in words that a page may read, and nothing of it is stored', async () => {
		const key = await make({ origins: ['https://shop.example'] });
		await setMode('require');
		expect(await send([of('a.example', '1')])).toMatchObject({ status: 401, error: { code: 'key_required' } });
		const wrong = await send([of('a.example', '2')], {
			'x-control-room-key': key.secret,
			origin: 'https://evil.example'
		});
		expect(wrong).toMatchObject({ status: 401, error: { code: 'invalid_key' } });
		expect(await vouchers()).toEqual({});
		expect(await database.sql`select from rejected_events`).toHaveLength(0);
		const right = { 'x-control-room-key': key.secret, origin: 'https://shop.example' };
		expect(await send([of('a.example', '3')], right)).toMatchObject({ status: 200, accepted: 1 });
	});

	test('events of another shop in a batch are rejected events, and stay such while a key is required', async () => {
		const key = await make({ shop: 'a.example' });
		await setMode('require');
		const told = await send([of('b.example', '1'), of('a.example', '2'), 'none', of('', '3')], {}, { key: key.secret });
		expect(told).toMatchObject({ status: 200, accepted: 2, duplicates: 0 });
		expect(told.rejected.map(({ index }) => index)).toEqual([0, 2]);
		expect(told.rejected[0]?.reason).toBe('the write key is of another shop');
		expect(await vouchers()).toEqual({ 2: key.id, 3: key.id });

		const [kept] = await database.sql<{ raw: Buffer; reason: string; ip: string }[]>`
			select raw, reason, ip from rejected_events where reason = 'the write key is of another shop'`;
		if (!kept) throw new Error('it was not kept');
		expect(JSON.parse(kept.raw.toString())).toEqual(of('b.example', '1'));
		const again = { ...kept, userAgent: null, at: Date.now() };
		const commit = committer.commit.bind(committer);
		expect(await replay(again, commit, true)).toEqual({ isStored: false, reason: kept.reason });
		expect(await replay(again, commit, false)).toEqual({ isStored: true, isNew: true });
		expect(await vouchers()).toMatchObject({ 1: null });
	});

	test('nobody can require a key while none holds', async () => {
		expect(await setKeyMode(database.sql, 'require', TESTER)).toBe(false);
		const { id } = await make();
		expect(await setKeyMode(database.sql, 'require', TESTER)).toBe(true);
		await keyring.renew();
		expect(await revokeKey(database.sql, id, TESTER)).toBe('web');
		expect(await revokeKey(database.sql, id, TESTER)).toBeNull();
		await keyring.renew();
		// It is not as if there never was one.
		expect(await send([of('a.example', '1')])).toMatchObject({ status: 401 });
	});
});

test('a key gives way to its successor: both hold until the time that was chosen, then the successor alone', async () => {
	const older = await make({ shop: 'a.example', kind: 'server' });
	const rotated = await rotateKey(database.sql, older.id, Date.now() + 60_000, TESTER);
	if (!rotated) throw new Error('it was not rotated');
	expect(rotated.wish).toMatchObject({ name: 'web', shop: 'a.example', kind: 'server' });
	expect(await rotateKey(database.sql, older.id, Date.now(), TESTER)).toBeNull();
	await keyring.renew();
	await setMode('require');
	const signed = ({ id, secret }: NewKey, events: unknown[]) => {
		const t = Math.floor(Date.now() / 1000);
		const v1 = createHmac('sha256', secret)
			.update(`${t}.${JSON.stringify({ events })}`)
			.digest('hex');
		return send(events, { 'x-control-room-signature': `t=${t},id=${id},v1=${v1}` });
	};
	expect(await signed(older, [of('a.example', '1')])).toMatchObject({ accepted: 1 });
	expect(await signed(rotated, [of('a.example', '2')])).toMatchObject({ accepted: 1 });
	await database.sql`update write_keys set expires_at = now() where id = ${older.id}`;
	await keyring.renew();
	expect(await signed(older, [of('a.example', '3')])).toMatchObject({ status: 401 });
	expect(await signed(rotated, [of('a.example', '4')])).toMatchObject({ accepted: 1 });
	const { keys } = await listKeys(database.sql);
	expect(keys.map(({ id, isAlive, isReplaced, replaces }) => ({ id, isAlive, isReplaced, replaces }))).toEqual([
		{ id: rotated.id, isAlive: true, isReplaced: false, replaces: older.id },
		{ id: older.id, isAlive: false, isReplaced: true, replaces: null }
	]);
});

test('a key’s latest use is known, without being written for each request', async () => {
	const key = await make();
	for (const id of ['1', '2', '3']) await send([of('a.example', id)], { 'x-control-room-key': key.secret });
	const usedAt = async () => (await listKeys(database.sql)).keys[0]?.lastUsedAt ?? null;
	await expect.poll(usedAt).not.toBeNull();
	const first = await usedAt();
	await send([of('a.example', '4')], { 'x-control-room-key': key.secret });
	expect(await usedAt()).toBe(first);
});

test('before a key is required one sees what of the last day had none, shop by shop', async () => {
	const key = await make({ shop: 'a.example' });
	await send([of('a.example', '1'), of('a.example', '2')], {}, { key: key.secret });
	await send([of('a.example', '3'), of('b.example', '4'), of('', '5')]);
	expect(await unsignedByShop(database.sql)).toEqual({
		isCut: false,
		shops: [
			{ shop: 'a.example', events: 3, unsigned: 1 },
			{ shop: '', events: 1, unsigned: 1 },
			{ shop: 'b.example', events: 1, unsigned: 1 }
		]
	});
});

test('whatever is sent, with whichever key, in whichever mode: received = stored + duplicates + rejected', async () => {
	const secrets = {
		none: null,
		wrong: 'wrong',
		all: (await make()).secret,
		a: (await make({ shop: 'a.example' })).secret,
		b: (await make({ shop: 'b.example' })).secret
	};
	const event = fc.oneof(
		{
			weight: 9,
			arbitrary: fc.record({
				type: fc.constantFrom('custom', 'error', 'session_started'),
				id: fc.integer({ min: 0, max: 40 }).map(String),
				shopDomain: fc.constantFrom('a.example', 'b.example', '', null),
				sessionId: fc.constantFrom('s1', 's2', null)
			})
		},
		{ weight: 1, arbitrary: fc.constantFrom(null, 7, {}, { type: '' }) }
	);
	const request = fc.record({
		key: fc.constantFrom(...(Object.keys(secrets) as (keyof typeof secrets)[])),
		events: fc.array(event, { minLength: 1, maxLength: 12 })
	});
	const rows = async () => (await database.sql`select from analytics_events`).length;
	for (const mode of ['mark', 'require'] as const) {
		await setMode(mode);
		await fc.assert(
			fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 4 }), async (requests) => {
				const before = await rows();
				const told = await Promise.all(
					requests.map(({ key, events }) => send(events, {}, secrets[key] === null ? {} : { key: secrets[key] }))
				);
				let accepted = 0;
				for (const [at, { status, ...answer }] of told.entries()) {
					const { key = 'none', events = [] } = requests[at] ?? {};
					if (mode === 'require' && (key === 'none' || key === 'wrong')) {
						expect(status).toBe(401);
						continue;
					}
					expect(status).toBe(200);
					expect(answer.accepted + answer.duplicates + answer.rejected.length).toBe(events.length);
					accepted += answer.accepted;
				}
				expect((await rows()) - before).toBe(accepted);
			}),
			{ numRuns: 40 }
		);
	}
	const strange = await database.sql`
		select from analytics_events join write_keys on write_keys.id = key_id
		where shop is not null and coalesce(shop_domain, '') not in ('', shop)`;
	expect(strange).toHaveLength(0);
});

test('an older object of the archive can not say that a key vouched', () => {
	const event = {
		id: '1',
		type: 'custom',
		sessionId: null,
		shopDomain: 'a.example',
		data: {},
		timestamp: null,
		deviceContext: null,
		serverTimestamp: '2026-01-09T11:00:00.000Z',
		userAgent: null,
		ip: '203.0.113.9',
		keyId: 'k'
	};
	const object = (request: object) =>
		parsedObject(
			Buffer.from(JSON.stringify({ serverTimestamp: '2026-01-09T11:00:00.000Z', request, events: [event] })),
			Date.now()
		);
	const rows = (request: object) => {
		const parsed = object(request);
		return 'damage' in parsed ? [] : parsed.events.map(({ row }) => (JSON.parse(row.json) as { key?: string }).key);
	};
	expect(rows({ ip: '203.0.113.9', userAgent: null })).toEqual(['k']);
	expect(rows({ ip: '198.51.100.7', userAgent: 'a browser' })).toEqual([undefined]);
});
