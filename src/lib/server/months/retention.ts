/**
 * Drops months from the log that are older than what is kept, once the archive has all of their events. The tables that
 * were counted from them stay, and log_months keeps how many events there were, so that it can be told when all are back.
 *
 * A month leaves in steps, so that nobody who reads or writes waits. Its events are counted, which reads all of them. It
 * is detached, which waits for whoever had the log open before and holds nobody up. It is counted again, by an index alone. Then one
 * statement notes what was counted and puts the table aside, unless an event of it came meanwhile: then it becomes part of
 * the log again. With that the month has left; its files are removed afterwards (removal.ts). What is interrupted before
 * is gone on with by the next run, or becomes part of the log again when the month has to stay or an event of it comes
 * (ensure_month). Why a month stays is noted in old_months, where /system finds it.
 */
import { REBUILD_LOCK } from '../commit/rebuild';
import { connect, type Sql } from '../db/connect';
import {
	ensureMonth,
	firstKept,
	oldMonths,
	reattachMonths,
	tellKept,
	untilFree,
	whyAtAGlance,
	type OldMonth,
	type WhyKept
} from '../db/log-months';
import { gently } from './gently';
import { putAside, removeLeft } from './removal';

export interface Retention {
	/** Months before the current one that are kept; 0 keeps all. */
	keepMonths: number;
	/** Milliseconds since 1970. */
	now: number;
	/** Says what would be dropped, and drops nothing. */
	dryRun: boolean;
}

/** What became of a month that is older than what is kept. */
export interface Looked {
	/** 2026-01, of UTC. */
	month: string;
	/** Why it stays; null when it was dropped, or would be. */
	keptBecause: string | null;
	/** How long it took to leave the log, once it was known that it may; null when it did not. */
	took: Took | null;
}

/** Milliseconds. */
interface Took {
	allMs: number;
	/** Of these, until those had ended who had the log open when it began. They are not held up, nor is anybody else. */
	waitedMs: number;
}

/** 8 MB: some 20,000 events, a tenth of a second. */
const PAGES_AT_ONCE = 1_024;

/** Drops what may be dropped. 'busy' when another program drops months or rebuilds tables. */
export async function retain(url: string, { keepMonths, now, dryRun }: Retention): Promise<Looked[] | 'busy'> {
	// One connection: it holds the turn for as long as it lives.
	const sql = connect({
		url,
		application: 'control-room retention',
		max: 1,
		// Nobody waits for it: one processor is enough for reading a whole month.
		settings: { max_parallel_workers_per_gather: 0 }
	});
	try {
		const [turn] = await sql<{ mine: boolean }[]>`select pg_try_advisory_lock(${REBUILD_LOCK}) as mine`;
		if (!turn?.mine) return 'busy';
		const first = firstKept(keepMonths, now);
		if (!dryRun) {
			// Of a run that was interrupted, also where more is kept by now.
			await removeLeft(sql);
			await reattachMonths(sql, first);
			await sql`delete from old_months where month_start(month) >= ${new Date(first)}`;
		}
		const done: Looked[] = [];
		for (const old of await oldMonths(sql, first, now)) {
			const { stays, took } = await letGo(sql, old, { first, now, dryRun });
			if (!dryRun) await note(sql, old, stays);
			done.push({ month: old.month, keptBecause: stays && tellKept(stays.why, stays.seen), took });
		}
		return done;
	} finally {
		await sql.end({ timeout: 1 });
	}
}

interface Outcome {
	/** What is in its way, and how it looked then; null when it has left, or would. */
	stays: { why: WhyKept; seen: OldMonth } | null;
	took: Took | null;
}

/** Lets one month leave, where nothing is in the way. */
async function letGo(
	sql: Sql,
	old: OldMonth,
	{ first, now, dryRun }: { first: number; now: number; dryRun: boolean }
): Promise<Outcome> {
	const counted = whyAtAGlance(old) ?? (await count(sql, old));
	// Again, because counting takes a while.
	const seen = (await oldMonths(sql, first, now)).find(({ month }) => month === old.month) ?? old;
	const why = typeof counted === 'string' ? counted : whyAtAGlance(seen);
	// It stays, so that its events are to be seen, although its leaving had begun.
	if (why !== null && old.isLeaving && !dryRun) await ensureMonth(sql, old.day);
	if (typeof counted === 'string' || why !== null || dryRun) {
		return { stays: why && { why, seen }, took: null };
	}
	await markVisible(sql, old);
	const took = await leave(sql, old, counted);
	await removeLeft(sql);
	return { stays: took === null ? { why: 'arrived', seen } : null, took };
}

async function note(sql: Sql, { day }: OldMonth, stays: Outcome['stays']): Promise<void> {
	if (stays === null) await sql`delete from old_months where month = ${day}::date`;
	else {
		await sql`
			insert into old_months (month, kept_because) values (${day}::date, ${stays.why})
			on conflict (month) do update set looked_at = excluded.looked_at, kept_because = excluded.kept_because`;
	}
}

/** What a month has. */
interface Counted {
	events: number;
	checksum: bigint;
	/** Since when its objects are, by their names. */
	archiveFrom: string;
}

/**
 * Reads the whole month, some pages at a time; or says that the archive lacks something of it. What comes or moves
 * meanwhile is counted once, twice or not at all, which the second count will show.
 */
async function count(sql: Sql, { day, table }: OldMonth): Promise<Counted | 'unarchived'> {
	const [size] = await sql<{ pages: number; earliest: string }[]>`
		select
			(pg_relation_size(${table}::regclass) / current_setting('block_size')::int)::int as pages,
			(month_start(${day}::date) - interval '1 hour')::text as earliest`;
	if (!size) throw new Error('a query without a table gave no row');
	let counted: Counted = { events: 0, checksum: 0n, archiveFrom: size.earliest };
	for (let page = 0; page < size.pages; page += PAGES_AT_ONCE) {
		const part = await gently(() => countPages(sql, table, page, counted.archiveFrom));
		if (!part.isArchived) return 'unarchived';
		counted = {
			events: counted.events + part.events,
			checksum: counted.checksum + BigInt(part.checksum),
			archiveFrom: part.archiveFrom
		};
	}
	return counted;
}

interface CountedPages {
	events: number;
	checksum: string;
	archiveFrom: string;
	isArchived: boolean;
}

async function countPages(sql: Sql, table: string, from: number, archiveFrom: string): Promise<CountedPages> {
	const [part] = await sql<CountedPages[]>`
		with
		rows as materialized (
			select id, shop_domain, commit_id from ${sql(table)}
			where ctid >= ${`(${from},0)`}::tid and ctid < ${`(${from + PAGES_AT_ONCE},0)`}::tid
		),
		archived as (
			select source, state, name
			from (select distinct commit_id as id from rows) as ids
			left join commits using (id)
			left join archive_objects on archive_objects.id = archive_object
		)
		select
			(select count(*)::int from rows) as events,
			(select coalesce(sum(event_checksum(id, shop_domain)), 0)::text from rows) as checksum,
			(
				select least(${archiveFrom}::timestamptz, min(substring(name from '([^/_]+)_[^/]*$')::timestamptz))::text from archived
			) as "archiveFrom",
			not exists (
				select from archived where source is distinct from 'backfill' and state is distinct from 'shipped'
			) as "isArchived"`;
	if (!part) throw new Error('an aggregate gave no row');
	return part;
}

/** Lets an index alone tell how many rows there are. Most often autovacuum has seen to that, and little is read. */
async function markVisible(sql: Sql, { table }: OldMonth): Promise<void> {
	await sql.unsafe(`vacuum (index_cleanup off, truncate off) ${table}`);
}

/** How long it took; null when it is part of the log again, because an event of it came meanwhile. */
async function leave(
	sql: Sql,
	{ day, table }: OldMonth,
	{ events, checksum, archiveFrom }: Counted
): Promise<Took | null> {
	const begun = performance.now();
	await detach(sql, table);
	const waitedMs = performance.now() - begun;
	// Nobody writes to it any more, unless it becomes part of the log again; and nobody else detaches.
	const [detached] = await sql<{ events: number }[]>`select count(*)::int as events from ${sql(table)}`;
	// One statement: a transaction whose connection is lost in its middle could put aside without having noted.
	await untilFree(() =>
		sql.unsafe(`
		do $$
		begin
			lock table ${table} in access exclusive mode;
			if exists (select from pg_inherits where inhrelid = '${table}'::regclass) then
				return;
			end if;
			if ${detached?.events ?? -1} <> ${events} then
				perform ensure_month('${day}');
				return;
			end if;
			insert into log_months (month, dropped_at, events, checksum, archive_from)
			values ('${day}', now(), ${events}, ${checksum}, '${archiveFrom}')
			on conflict (month) do update set
				dropped_at = excluded.dropped_at, archive_from = least(log_months.archive_from, excluded.archive_from),
				restored_at = null, restored_events = 0, restored_checksum = 0;
			delete from month_edge_events
			where server_timestamp between month_start('${day}') - interval '10 minutes'
				and month_start('${day}') + interval '1 month 10 minutes';
			${putAside(table)}
		end $$`)
	);
	const allMs = performance.now() - begun;
	const [left] = await sql<{ hasLeft: boolean }[]>`select to_regclass(${table}) is null as "hasLeft"`;
	return left?.hasLeft ? { allMs, waitedMs } : null;
}

/** Takes the table out of the log, or goes on with that where it was interrupted. */
async function detach(sql: Sql, table: string): Promise<void> {
	const [part] = await sql<{ isPending: boolean }[]>`
		select inhdetachpending as "isPending" from pg_inherits where inhrelid = ${table}::regclass`;
	if (!part) return;
	const how = part.isPending ? 'finalize' : 'concurrently';
	await sql.unsafe(`alter table analytics_events detach partition ${table} ${how}`);
}
