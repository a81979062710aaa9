import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Committer } from '../../src/lib/server/commit/committer';
import { verify } from '../../src/lib/server/commit/rebuild';
import type { LogEvent } from '../../src/lib/server/commit/rows';
import { eraseFromLog, type Extent } from '../../src/lib/server/forget/log';
import { projections } from '../../src/lib/server/projections/index';
import { testDatabase, type TestDatabase } from '../support/database';
import { batch, event, someEvents, T0 } from '../support/events';

/** Of no erasure in the ledger. */
const ERASURE = '00000000-0000-4000-8000-000000000000';

let database: TestDatabase;
let writer: Committer;

beforeAll(async () => {
	database = await testDatabase();
	const log = { warn: () => undefined, error: (message: string) => process.stderr.write(message) };
	writer = new Committer({
		url: database.url,
		lanes: 1,
		queue: { maxEvents: 1e6, maxSize: 1e9 },
		stallMs: 20_000,
		log
	});
});

afterAll(async () => {
	await writer.stop();
	await database.drop();
});

async function commit(events: readonly LogEvent[]): Promise<void> {
	expect(await writer.commit(batch(events), Date.now() + 20_000)).toMatchObject({ refused: [] });
}

async function empty(): Promise<void> {
	await database.sql.unsafe(`truncate analytics_events, commits, ${projections.map(({ table }) => table).join(', ')}`);
}

async function expectVerified(): Promise<void> {
	const differences = await verify(database.sql);
	expect(differences.filter(({ onlyLive, onlyRebuilt }) => onlyLive + onlyRebuilt > 0)).toEqual([]);
}

/** What each event is known by, in order. */
async function logged(): Promise<string[]> {
	const rows = await database.sql<{ key: string }[]>`
		select coalesce(shop_domain, '-') || ' ' || id as key from analytics_events order by 1`;
	return rows.map(({ key }) => key);
}

/** Sessions, shops until some moment, or single events by their place among all. */
const wish = fc.oneof(
	fc.subarray(['s1', 's2', 's3'], { minLength: 1 }).map((sessions) => () => ({ sessions, events: [] })),
	fc.array(fc.nat(), { minLength: 1, maxLength: 9 }).map((places) => (events: readonly LogEvent[]) => ({
		sessions: [],
		events: places.flatMap((place) => {
			const { sessionId, shopDomain: shop, id } = events[place % events.length] ?? event('none');
			return sessionId === null && shop !== null && id !== null ? [{ shop, id }] : [];
		})
	})),
	fc
		.record({
			shops: fc.subarray(['a.example', 'b.example'], { minLength: 1 }),
			until: fc.integer({ min: 3, max: 12 }).map((moment) => new Date(T0 + moment * 1000))
		})
		.map((extent) => () => extent)
);

function goes(event: LogEvent, one: Extent, kept: readonly LogEvent[]): boolean {
	if ('sessions' in one) {
		if (event.sessionId !== null) return one.sessions.includes(event.sessionId);
		return one.events.some(({ shop, id }) => shop === event.shopDomain && id === event.id);
	}
	const isOfShop = ({ shopDomain }: LogEvent) => shopDomain !== null && one.shops.includes(shopDomain);
	if (!isOfShop(event)) return false;
	if (event.serverTime <= one.until.getTime()) return true;
	// That the server closed a session later goes too, unless the shop was heard of in it later.
	const isHeard = ({ type, sessionId, serverTime }: LogEvent) =>
		type !== 'session_timed_out' && sessionId === event.sessionId && serverTime > one.until.getTime();
	return event.type === 'session_timed_out' && event.sessionId !== null && !kept.some((other) => isOfShop(other) && isHeard(other)); // prettier-ignore
}

test('whatever is erased, every table is what a rebuild from the remaining log would make of it', async () => {
	const cases = fc.record({
		events: someEvents(1, 80),
		parts: fc.integer({ min: 1, max: 5 }),
		wishes: fc.array(wish, { minLength: 1, maxLength: 3 })
	});
	await fc.assert(
		fc.asyncProperty(cases, async ({ events, parts, wishes }) => {
			await empty();
			for (let part = 0; part < parts; part++) await commit(events.filter((_, at) => at % parts === part));
			const before = await logged();
			let kept = [...events];
			for (const extentOf of wishes) {
				const one = extentOf(events);
				let removed = 0;
				await eraseFromLog(database.sql, ERASURE, one, async (_, counts) => {
					removed += counts.analytics_events ?? 0;
				});
				const left = kept.filter((event) => !goes(event, one, kept));
				expect(removed).toBe(kept.length - left.length);
				kept = left;
				await expectVerified();
			}
			const stays = new Set(kept.map(({ shopDomain, id }) => `${shopDomain ?? '-'} ${id ?? ''}`));
			expect(await logged()).toEqual(before.filter((key) => stays.has(key)));
		}),
		{ numRuns: 25 }
	);
});
