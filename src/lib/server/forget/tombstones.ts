/**
 * Tombstones: what was forgotten is never stored again, whoever brings it: a backfill, a replay, a client that tries again.
 * The check is a trigger of the log, so that nothing that inserts can go around it. The first erasure makes it: until
 * then it costs nothing (as a part of the commit statement it cost a tenth of each commit, with no tombstone at all).
 *
 * Putting a tombstone waits for all commits under way, and those after it see it: from then on the log can only get
 * smaller by what is to be forgotten.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TransactionSql } from 'postgres';
import type { Sql } from '../db/connect';
import type { EventKey } from './log';

/** What a transaction that needs the log for itself waits for commits under way: new ones wait behind it. */
const LOCK_TIMEOUT_MS = 2_000;
/** The same for making the trigger, once. */
const TRIGGER_TIMEOUT_MS = 500;
const REST_MS = 50;
const MOST_ATTEMPTS = 100;

/** What is never to be stored again. Shops as they are spelt in the log. */
export interface Forgotten {
	sessions: string[];
	events: EventKey[];
	shops: string[];
}

/**
 * Puts tombstones for all of it.
 * @returns since when they stand; of a shop's events, all that were received until then are forgotten
 */
export async function entomb(sql: Sql, { sessions, events, shops }: Forgotten): Promise<Date> {
	return withLog(sql, async (transaction) => {
		// A node whose clock is ahead may have dated its events later than now.
		const [now] = await transaction<{ at: Date }[]>`
			select date_trunc('milliseconds', greatest(clock_timestamp(), max(server_timestamp))) + interval '1 millisecond' as at
			from analytics_events
			where shop_domain = any(${shops})`;
		const at = now?.at ?? new Date();
		const [there] = await transaction`
			select from pg_trigger where tgname = 'keep_forgotten_out' and tgrelid = 'analytics_events'::regclass`;
		if (!there) {
			// It needs the months too. Were one busy, commits would wait as long.
			await transaction.unsafe(`set local lock_timeout = ${TRIGGER_TIMEOUT_MS}`);
			await transaction`
				create trigger keep_forgotten_out before insert on analytics_events
				for each row execute function keep_forgotten_out()`;
			await transaction`
				create or replace trigger keep_forgotten_out before insert on month_edge_events
				for each row execute function keep_forgotten_shops_out()`;
			await transaction.unsafe('set local lock_timeout = 0');
		}
		await transaction`
			insert into tombstones (hash, kind, erased_at)
			select hash, kind, ${at}
			from (
				select forgotten_hash('session', session_id) as hash, 'session' as kind
				from unnest(${sessions}::text[]) as given (session_id)
				union
				select forgotten_hash('shop', shop), 'shop' from unnest(${shops}::text[]) as given (shop)
				union
				select forgotten_hash('event', shop || chr(10) || id), 'event'
				from unnest(${events.map(({ shop }) => shop)}::text[], ${events.map(({ id }) => id)}::text[]) as given (shop, id)
			) as given
			on conflict (hash) do update set erased_at = greatest(tombstones.erased_at, excluded.erased_at)`;
		return at;
	});
}

/** Does something while no commit is under way and none begins. Tries again while others hold what it needs. */
export async function withLog<T>(sql: Sql, work: (transaction: TransactionSql) => Promise<T>): Promise<T> {
	for (let attempt = 1; ; attempt++) {
		const done: T[] = [];
		try {
			await sql.begin(async (transaction) => {
				await transaction.unsafe(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
				// Commits come by the whole. Its months stay free, else each lock would wait for a vacuum at one of them.
				await transaction`lock table only analytics_events in share row exclusive mode`;
				await transaction.unsafe('set local lock_timeout = 0');
				done[0] = await work(transaction);
			});
			const [result] = done;
			if (done.length === 0) throw new Error('a transaction ended before its work');
			// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- set above, undefined included
			return result as T;
		} catch (error) {
			if (attempt === MOST_ATTEMPTS || !isBusy(error)) throw error;
			await sleep(REST_MS * Math.min(attempt, 20));
		}
	}
}

/** Somebody else held what was needed: nothing was done. */
function isBusy(error: unknown): boolean {
	const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
	return code === '55P03' || code === '40P01';
}
