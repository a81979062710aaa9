/** What is erased is nowhere afterwards, searched byte by byte, and nothing brings it back. */
import { createHmac, hash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { shipEverything } from '../../src/lib/server/archive/shipper';
import { rejectedRow } from '../../src/lib/server/commit/rows';
import { requestErasure } from '../../src/lib/server/forget/ledger';
import { receiveWebhook } from '../../src/lib/server/forget/shopify';
import { replay } from '../../src/lib/server/ingest/replay';
import { projections } from '../../src/lib/server/projections/index';
import { sameStore, writeObject, writeOlder } from '../support/archive';
import { event, T0 } from '../support/events';
import { OTHER, SESSION, SHOP, STAYS, useErasing } from '../support/erasing';
import { story } from '../support/forgetting';

const EMAIL = 'Forget.Me@example.org';

const room = useErasing(2_000);
const { log, commit, ship, backfill, erase, placesOf, expectVerified } = room;

const inShop = (sessionId: string, shopDomain: string) => ({
	type: 'session_started',
	sessionId,
	shopDomain,
	timestamp: '2025-11-03T10:00:00.000Z',
	data: { productTitle: 'Old chair' }
});

describe('a session', () => {
	it('is erased from log, folds, sums, rejected events and archive, and no backfill, replay or retry brings it back', async () => {
		const events = [...story(SESSION, STAYS, 0), ...story(OTHER, STAYS, 60_000)];
		await commit(...events);
		await writeOlder(room.archive, '2025-11-03T10:00:01.000Z', [
			inShop(SESSION, STAYS),
			inShop(OTHER, STAYS),
			{ sessionId: SESSION }
		]);
		await writeOlder(room.archive, '2025-11-03T10:00:02.000Z', [inShop(SESSION, STAYS)]);
		await writeObject(room.archive, '2025-11-03T10:00:03.000Z', `{"sessionId":"${SESSION}"`);
		await ship();
		await backfill();
		const kept = rejectedRow({
			raw: Buffer.from(`{"sessionId":"${SESSION}"}`),
			reason: 'no type',
			serverTime: T0,
			userAgent: null,
			ip: null
		});
		await room.writer.commit({ source: 'ingest', events: [], rejected: [kept], size: 1 }, Date.now() + 20_000);
		await room.database.sql`analyze`;
		const before = await placesOf(SESSION);
		expect(before.length).toBeGreaterThan(8);
		expect(before).toContain('what the planner knows');

		const done = await erase({ kind: 'session', sessionId: SESSION });
		expect(await placesOf(SESSION)).toEqual([]);
		await expectVerified();
		expect(done?.counts).toMatchObject({
			analytics_events: 7,
			sessions: 1,
			session_steps: 1,
			ai_requests: 1,
			error_events: 1,
			objects_removed: 2
		});
		expect(JSON.parse(done?.certificate ?? '')).toMatchObject({ kind: 'session', removed: done?.counts });

		await backfill();
		expect(await placesOf(SESSION)).toEqual([]);
		expect(await commit(...events)).toMatchObject({ accepted: 0, duplicates: 12 });
		expect(await placesOf(SESSION)).toEqual([]);
		await expectVerified();
		// What others did is all there.
		expect(await room.database.sql`select session_id, event_count from sessions`).toEqual([
			{ session_id: OTHER, event_count: 7 }
		]);
	});

	it('leaves the rows of the others as a restored archive would give them', async () => {
		await commit(...story(SESSION, STAYS, 0), ...story(OTHER, STAYS, 60_000));
		await ship();
		await erase({ kind: 'session', sessionId: SESSION });
		const rows = () =>
			room.database.sql`select to_jsonb(e) - 'commit_id' as row from analytics_events as e order by id`;
		const before = [...(await rows())];
		await room.database.sql.unsafe(
			`truncate analytics_events, commits, ${projections.map(({ table }) => table).join(', ')}`
		);
		await backfill();
		expect([...(await rows())]).toEqual(before);
	});
});

describe('asking', () => {
	it('answers each of many who ask at once with what they asked for', async () => {
		const ids = Array.from({ length: 12 }, (_, n) => `sess_${n}`);
		const erasures = await Promise.all(
			ids.map((sessionId) => requestErasure(room.database.sql, { kind: 'session', sessionId }, 'operator'))
		);
		expect(new Set(erasures.map(({ id }) => id)).size).toBe(12);
		const rows = await room.database.sql<{ id: string; session: string }[]>`
			select id, subject ->> 'sessionId' as session from erasures`;
		const sessionOf = new Map(rows.map(({ id, session }) => [id, session]));
		expect(erasures.map(({ id }) => sessionOf.get(id))).toEqual(ids);
	});

	it('for a person of whom Shopify names nothing is refused', async () => {
		const body = Buffer.from(JSON.stringify({ shop_domain: STAYS, customer: { id: null, email: '', phone: null } }));
		const signature = createHmac('sha256', 'secret').update(body).digest('base64');
		for (const topic of ['customers/redact', 'customers/data_request']) {
			expect(
				await receiveWebhook(room.database.sql, 'secret', { topic, signature, delivery: null, body })
			).toMatchObject({
				code: 'bad_request'
			});
		}
	});
});

describe('replaying', () => {
	it('what could not be an event before its session was forgotten stores nothing of it', async () => {
		await commit(...story(OTHER, STAYS, 0));
		await erase({ kind: 'session', sessionId: SESSION });
		const raw = Buffer.from(JSON.stringify({ type: 'ping', sessionId: SESSION, shopDomain: STAYS }));
		const kept = { raw, reason: 'too many', at: T0, userAgent: null, ip: '192.0.2.1' };
		expect(await replay(kept, room.writer.commit.bind(room.writer), false)).toEqual({ isStored: true, isNew: false });
		expect(await placesOf(SESSION)).toEqual([]);
		await expectVerified();
	});
});

describe('what is on its way to the archive', () => {
	it('and was made before the log was clean, is waited for and erased too', async () => {
		await commit(...story(SESSION, STAYS, 0), ...story(OTHER, STAYS, 60_000));
		const slow = sameStore(room.archive);
		const gate = new EventEmitter();
		const reached = once(gate, 'reached');
		slow.create = async (name, body) => {
			const opened = once(gate, 'open');
			gate.emit('reached');
			await opened;
			return room.archive.create(name, body);
		};
		const shipping = shipEverything({ sql: room.database.sql, store: slow, log }, 1_000_000, () => undefined);
		await reached;
		const erasing = erase({ kind: 'session', sessionId: SESSION });
		const step = async () => (await room.database.sql<{ step: string }[]>`select step from erasures`)[0]?.step;
		await expect.poll(step).toBe('objects');
		gate.emit('open');
		await shipping;
		await erasing;
		expect(await placesOf(SESSION)).toEqual([]);
		expect((await placesOf(OTHER)).some((place) => place.endsWith('.json'))).toBe(true);
		const [object] = await room.database.sql<{ name: string; sha256: string; events: number }[]>`
			select name, sha256, events from archive_objects`;
		const there = await room.archive.read(object?.name ?? '');
		expect(hash('sha256', there?.body ?? '')).toBe(object?.sha256);
		expect(object?.events).toBe(6);
	});

	it('and was written by a process that died before it could say so, is replaced by who ships it next', async () => {
		await commit(...story(SESSION, STAYS, 0), ...story(OTHER, STAYS, 60_000));
		const dying = sameStore(room.archive);
		dying.create = async (name, body) => {
			await room.archive.create(name, body);
			throw new Error('died');
		};
		const shipping = shipEverything({ sql: room.database.sql, store: dying, log }, 1_000_000, () => undefined);
		await expect(shipping).rejects.toThrow('died');
		await erase({ kind: 'session', sessionId: SESSION });
		expect(await placesOf(SESSION)).toEqual([]);
		await room.database.sql`update archive_objects set claimed_until = '-infinity'`;
		await ship();
		expect(await placesOf(SESSION)).toEqual([]);
		expect(await room.database.sql`select state, events from archive_objects`).toEqual([
			{ state: 'shipped', events: 6 }
		]);
	});
});

describe('a shop', () => {
	it('is erased with its set-ups and what it did in sessions of others, and may begin anew', async () => {
		const visited = story('sess_two_shops', SHOP, 0).slice(0, 3);
		const events = [
			...story('sess_of_shop', SHOP, 10_000),
			...visited,
			...story('sess_two_shops', STAYS, 20_000),
			event('setup_started', { sessionId: null, shopDomain: SHOP, data: { productId: 'p9' } }),
			event('ar_button_click', { sessionId: null, shopDomain: SHOP.toUpperCase(), data: {} }),
			event('ai_request', {
				sessionId: null,
				shopDomain: SHOP,
				data: { requestId: 'x', costUsd: 1, status: 'success' }
			})
		];
		await commit(...events);
		await writeOlder(room.archive, '2025-11-03T10:00:02.000Z', [inShop('old', SHOP), inShop('other', STAYS)]);
		await ship();
		expect((await placesOf(SHOP)).length).toBeGreaterThan(8);
		await erase({ kind: 'shop', shopDomain: SHOP });
		expect(await placesOf(SHOP)).toEqual([]);
		await expectVerified();
		await backfill();
		expect(await placesOf(SHOP)).toEqual([]);
		await expectVerified();
		expect(await room.database.sql`select session_id, event_count from sessions order by 1`).toEqual([
			{ session_id: 'other', event_count: 1 },
			{ session_id: 'sess_two_shops', event_count: 6 }
		]);

		const later = story('sess_new', SHOP, Date.now() - T0 + 60_000);
		expect(await commit(...later)).toMatchObject({ accepted: 6 });
		await expectVerified();
		await erase({ kind: 'shop', shopDomain: SHOP });
		expect(await placesOf(SHOP)).toEqual([]);
		await expectVerified();
	});
});

describe('a person', () => {
	it('is found by any value of any depth, in the log and in the archive, and all their sessions go', async () => {
		await commit(
			...story('sess_person_1', STAYS, 0).slice(0, 2),
			...story('sess_person_1', STAYS, 3000, { checkout: { contact: [EMAIL.toLowerCase()] } }).slice(2, 4),
			...story('sess_person_2', STAYS, 0, { customerId: 9171719 }).slice(0, 2),
			...story('sess_other_shop', 'another.myshopify.com', 0, { note: 'x' }),
			...story('sess_near', STAYS, 0, { count: 91717190, email: `x${EMAIL}` }).slice(0, 1),
			event('ar_button_click', { sessionId: null, shopDomain: STAYS, data: { phone: '+49 170 1' } })
		);
		await writeOlder(room.archive, '2025-11-03T10:00:02.000Z', [
			{ ...inShop('sess_person_old', STAYS), data: { a: [{ b: '9171719' }] } },
			{ ...inShop(OTHER, STAYS) }
		]);
		await ship();
		const customer = { id: '9171719', email: EMAIL, phone: '+49 170 1' };
		await erase({ kind: 'customer', shopDomain: STAYS, customer });
		await backfill();
		for (const text of ['sess_person_1', 'sess_person_2', 'sess_person_old', '+49 170 1']) {
			expect(await placesOf(text), text).toEqual([]);
		}
		const left = await room.database.sql<{ session_id: string }[]>`select session_id from sessions order by 1`;
		expect(left.map(({ session_id }) => session_id)).toEqual(['sess_near', 'sess_other_shop', OTHER]);
		await expectVerified();
	});
});
