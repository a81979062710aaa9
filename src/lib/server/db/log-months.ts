/**
 * Months that have left the log: dropped once the archive had all of their events. What was counted from them stays; it
 * cannot be counted anew before all of a month's events are back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql, TransactionSql } from 'postgres';

/** A month of which events are missing in the log. */
export interface MissingMonth {
	/** 2026-01, of UTC. */
	month: string;
	/** Milliseconds since 1970. */
	droppedAt: number;
	/** That the tables know, and that are (back) in the log. */
	events: number;
	restoredEvents: number;
	/** Its events lie in objects of the archive whose names have a time from here on, and before the month's end. */
	archiveFrom: number;
	archiveTo: number;
}

/** All of them, oldest first; none where every dropped month is back with all of its events. */
export function missingMonths(sql: Sql | TransactionSql): Promise<MissingMonth[]> {
	return sql<MissingMonth[]>`
		select
			to_char(month, 'YYYY-MM') as month,
			floor(extract(epoch from dropped_at) * 1000)::float8 as "droppedAt",
			events::float8 as events,
			restored_events::float8 as "restoredEvents",
			floor(extract(epoch from archive_from) * 1000)::float8 as "archiveFrom",
			floor(extract(epoch from month_start((month + interval '1 month')::date)) * 1000)::float8 as "archiveTo"
		from log_months
		where (restored_events, restored_checksum) <> (events, checksum)
		order by 1`;
}

/** A month of the log that is older than what is kept, and what is known of why it is still there. */
export interface OldMonth {
	/** 2026-01, of UTC. */
	month: string;
	/** Its first day: 2026-01-01. */
	day: string;
	table: string;
	/** A backfill that may bring events of it back, and is not finished. */
	backfill: number | null;
	/** Something is being forgotten. */
	isErasing: boolean;
	/** It was brought back, and stays until then. */
	restoredUntil: number | null;
	/** Its leaving was interrupted: nobody sees its events until that is gone on with. */
	isLeaving: boolean;
	/** When it was last tried to let it leave, and what was in the way then. */
	lookedAt: number | null;
	found: WhyKept | null;
}

/** The first three are seen at a glance. unarchived: the archive lacks something of it; arrived: an event of it came while it left. */
export type WhyKept = 'backfill' | 'erasure' | 'restored' | 'unarchived' | 'arrived';

/** A month that was brought back stays for so long. */
const RESTORED_DAYS = 7;

/** What is in a month's way, as far as it is seen at a glance. */
export function whyAtAGlance({ backfill, isErasing, restoredUntil }: OldMonth): WhyKept | null {
	if (backfill !== null) return 'backfill';
	if (isErasing) return 'erasure';
	return restoredUntil === null ? null : 'restored';
}

/** In words. */
export function tellKept(why: WhyKept, { backfill }: OldMonth): string {
	switch (why) {
		case 'backfill':
			return `backfill ${backfill} is not finished`;
		case 'erasure':
			return 'an erasure is not finished';
		case 'restored':
			return `it was brought back less than ${RESTORED_DAYS} days ago`;
		case 'unarchived':
			return 'the archive does not have all of its commits yet';
		case 'arrived':
			return 'an event of it came just now';
	}
}

/** When the first month begins that is kept beside the current one, in milliseconds since 1970; 0 keeps all. */
export function firstKept(keepMonths: number, now: number): number {
	if (keepMonths === 0) return 0;
	const date = new Date(now);
	return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - keepMonths);
}

/** The months of the log that begin before `first`, oldest first, and what is in their way. Times in milliseconds since 1970. */
export function oldMonths(sql: Sql, first: number, now: number): Promise<OldMonth[]> {
	return sql<OldMonth[]>`
		select
			to_char(month, 'YYYY-MM') as month, to_char(month, 'YYYY-MM-DD') as day, "table",
			(
				select min(id)::float8 from backfill_jobs
				where state in ('waiting', 'running', 'paused') and not dry_run
					and from_time < month_start((month + interval '1 month')::date)
					and to_time > month_start(month) - interval '1 day'
			) as backfill,
			exists (select from erasures where finished_at is null) as "isErasing",
			(
				select floor(extract(epoch from restored_at + ${RESTORED_DAYS} * interval '1 day') * 1000)::float8
				from log_months
				where log_months.month = log.month
					and restored_at > ${new Date(now)}::timestamptz - ${RESTORED_DAYS} * interval '1 day'
			) as "restoredUntil",
			"isLeaving",
			floor(extract(epoch from looked_at) * 1000)::float8 as "lookedAt",
			kept_because as found
		from (
			select
				to_date(right(relname, 7), 'YYYY_MM') as month, relname as "table", coalesce(inhdetachpending, true) as "isLeaving"
			from pg_class
			left join pg_inherits on inhrelid = pg_class.oid
			where relkind = 'r' and relnamespace = current_schema()::regnamespace
				and relname ~ '^analytics_events_[0-9]{4}_[0-9]{2}$'
		) as log
		left join old_months using (month)
		where month_start(month) < ${new Date(first)}
		order by 1`;
}

/** Before it is asked again for what somebody else is at. */
const REST_MS = 50;
/** Lock not available, and a deadlock: nothing was done. */
const BUSY = new Set<unknown>(['55P03', '40P01']);

/** Does something that fails without having done anything while somebody else is in its way, until it is done. */
export async function untilFree<Result>(work: () => Promise<Result>): Promise<Result> {
	for (;;) {
		try {
			return await work();
		} catch (error) {
			if (!(error instanceof Error && 'code' in error && BUSY.has(error.code))) throw error;
			await sleep(REST_MS);
		}
	}
}

/**
 * Makes the log ready for the month of a day (2026-01-09), also where it had begun to leave: that waits for whoever may
 * still see it as it was. Between two attempts nothing is held, so that others who wait for the same can end.
 */
export async function ensureMonth(sql: Sql, day: string): Promise<void> {
	await untilFree(() => sql`select ensure_month(${day}::date)`);
}

/**
 * Makes months part of the log again whose leaving was interrupted; for who may let months leave, and nobody else does.
 * @param first those that begin then or later, in milliseconds since 1970
 */
export async function reattachMonths(sql: Sql, first = 0): Promise<void> {
	const leaving = await sql<{ day: string }[]>`
		select month::text as day
		from (
			select to_date(right(relname, 7), 'YYYY_MM') as month
			from pg_class
			left join pg_inherits on inhrelid = pg_class.oid
			where relkind = 'r' and relnamespace = current_schema()::regnamespace
				and relname ~ '^analytics_events_[0-9]{4}_[0-9]{2}$' and coalesce(inhdetachpending, true)
		) as leaving
		where month_start(month) >= ${new Date(first)}
		order by 1`;
	for (const { day } of leaving) await ensureMonth(sql, day);
}

/** What is missing and how to bring it back, a line each. */
export function tellMissing(months: readonly MissingMonth[]): string {
	const iso = (time: number) => new Date(time).toISOString();
	return months
		.map(
			({ month, droppedAt, events, restoredEvents, archiveFrom, archiveTo }) =>
				`The log lacks ${count(events - restoredEvents)} of ${count(events)} events of ${month}, which left it on ${iso(droppedAt).slice(0, 10)}. ` +
				`To bring them back: npm run cli -- backfill --from ${iso(archiveFrom)} --to ${iso(archiveTo)}`
		)
		.join('\n');
}

function count(events: number): string {
	return events.toLocaleString('en-US');
}
