/** What the database knows of the system itself: how much comes in, how large it is, and at which version. */
import type { Millis } from '../../live/messages';
import type { Sql } from '../db/connect';
import { firstKept, missingMonths, oldMonths, whyAtAGlance, type WhyKept } from '../db/log-months';
import { within } from '../db/within';
import { millis } from './columns';
import { remembered } from './remembered';

const READ_WITHIN_MS = 10_000;
/** Commits have no index by time: the rates are of the latest by their numbers. */
const LATEST_COMMITS = 1_000;
/** Sizes are asked of the file system, and move slowly. */
const SIZES_AGE_MS = 10_000;
const ARCHIVE_AGE_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Commits that no object has yet wait no longer than ARCHIVE_MAX_AGE_SECONDS: more than this are seen after an upgrade alone. */
const MOST_UNGROUPED = 200_000;

/** How much came in during a window, or during the part of it that the latest commits cover. */
export interface Rate {
	commits: number;
	events: number;
	/** Milliseconds that were looked at: less than the window where it had more commits than are looked at. */
	coveredMs: number;
}

export interface TableSize {
	name: string;
	/** An estimate by the database; null before it has made one. */
	rows: number | null;
	/** With its indexes, and all months of the log. */
	bytes: number;
}

export interface DatabaseFacts {
	readAt: Millis;
	version: string;
	bytes: number;
	/** The largest first. */
	tables: TableSize[];
	migrations: { name: string; appliedAt: Millis }[];
}

export interface Intake {
	readAt: Millis;
	minute: Rate;
	hour: Rate;
	newestCommitAt: Millis | null;
}

/** How far the archive is behind, and what is in it. */
export interface Archived {
	readAt: Millis;
	/** Committed and not there yet. */
	waiting: { commits: number; events: number; bytes: number; oldestAt: Millis | null };
	shipped: { objects: number; events: number; bytes: number; newestAt: Millis | null };
	/** What the latest attempt at an object met that is still waiting. */
	fault: string | null;
}

/** A month of the log that is older than what is kept. */
export interface StayingMonth {
	/** 2026-01, of UTC. */
	month: string;
	/** What is in its way: now, where that is seen at a glance; else at the last look. Null when nothing is known to be. */
	why: WhyKept | null;
	/** The backfill that is not finished. */
	backfill: number | null;
	/** It was brought back, and stays until then. */
	restoredUntil: Millis | null;
	/** It is leaving, or that was interrupted: nobody sees its events until that is gone on with. */
	isLeaving: boolean;
	/** When it was last tried to let it leave; null when it has not been yet. */
	lookedAt: Millis | null;
}

/** Which months have left the log, and which should have and have not. */
export interface LogMonths {
	readAt: Millis;
	staying: StayingMonth[];
	/** Those that are in the archive alone, or of which something is. */
	left: string[];
}

/** @param sql a pool that commits do not need */
export function system(sql: Sql, clock: () => Millis = Date.now) {
	// A sum over all objects: not with every commit that a page hears of.
	const shippedLately = remembered(() => within(READ_WITHIN_MS, shipped(sql)), ARCHIVE_AGE_MS);
	return {
		intake: () => within(READ_WITHIN_MS, intake(sql, clock())),
		archive: async (): Promise<Archived> => {
			const [waits, inIt] = await Promise.all([within(READ_WITHIN_MS, waiting(sql, clock())), shippedLately()]);
			return { ...waits, shipped: inIt };
		},
		/** @param keep months before the current one that are kept; 0 keeps all */
		months: (keep: number) => within(READ_WITHIN_MS, months(sql, keep, clock())),
		database: remembered(() => within(READ_WITHIN_MS, database(sql, clock())), SIZES_AGE_MS)
	};
}

async function intake(sql: Sql, now: Millis): Promise<Intake> {
	const rows = await sql<(Rate & { windowMs: number; newestCommitAt: Millis | null })[]>`
		with
		latest as materialized (
			select ${millis(sql, 'committed_at')} as at, event_count
			from (select * from commits order by id desc limit ${LATEST_COMMITS}) as newest
		),
		covered as (
			select
				"windowMs", max(at) as "newestCommitAt",
				least("windowMs", case when count(at) < ${LATEST_COMMITS} then "windowMs" else ${now}::float8 - min(at) end) as "coveredMs"
			from (values (${MINUTE_MS}::float8), (${HOUR_MS}::float8)) as windows ("windowMs")
			left join latest on true
			group by 1
		)
		select
			covered.*, count(latest.at)::float8 as commits, coalesce(sum(latest.event_count), 0)::float8 as events
		from covered
		left join latest on latest.at > ${now}::float8 - "coveredMs"
		group by 1, 2, 3`;
	const rateOf = (length: number): Rate => {
		const { commits = 0, events = 0, coveredMs = length } = rows.find(({ windowMs }) => windowMs === length) ?? {};
		return { commits, events, coveredMs };
	};
	return {
		readAt: now,
		minute: rateOf(MINUTE_MS),
		hour: rateOf(HOUR_MS),
		newestCommitAt: rows[0]?.newestCommitAt ?? null
	};
}

async function waiting(sql: Sql, readAt: Millis): Promise<Omit<Archived, 'shipped'>> {
	const [row] = await sql<(Archived['waiting'] & { fault: string | null })[]>`
		with
		ungrouped as (
			select count(*) as commits, sum(event_count) as events, sum(bytes) as bytes, min(committed_at) as oldest_at
			from (
				select * from commits where archive_object is null and source <> 'backfill' order by id limit ${MOST_UNGROUPED}
			) as open
		),
		grouped as (
			select
				sum(commits) as commits, sum(events) as events, sum(bytes) as bytes, min(oldest_at) as oldest_at,
				(array_agg(last_error order by claimed_until desc) filter (where last_error is not null))[1] as fault
			from archive_objects where state = 'waiting'
		),
		oldest as (select least(ungrouped.oldest_at, grouped.oldest_at) as oldest_at from ungrouped, grouped)
		select
			(ungrouped.commits + coalesce(grouped.commits, 0))::float8 as commits,
			(coalesce(ungrouped.events, 0) + coalesce(grouped.events, 0))::float8 as events,
			(coalesce(ungrouped.bytes, 0) + coalesce(grouped.bytes, 0))::float8 as bytes,
			${millis(sql, 'oldest.oldest_at')} as "oldestAt",
			grouped.fault
		from ungrouped, grouped, oldest`;
	if (!row) throw new Error('what waits for the archive was not read');
	const { commits, events, bytes, oldestAt, fault } = row;
	return { readAt, waiting: { commits, events, bytes, oldestAt }, fault };
}

async function shipped(sql: Sql): Promise<Archived['shipped']> {
	const [row] = await sql<Archived['shipped'][]>`
		select
			objects::float8 as objects, coalesce(events, 0)::float8 as events, coalesce(bytes, 0)::float8 as bytes,
			${millis(sql, 'newest_at')} as "newestAt"
		from (
			select count(*) as objects, sum(events) as events, sum(bytes) as bytes, max(shipped_at) as newest_at
			from archive_objects
			where state = 'shipped' and name is not null
		) as counted`;
	return row ?? { objects: 0, events: 0, bytes: 0, newestAt: null };
}

async function months(sql: Sql, keep: number, readAt: Millis): Promise<LogMonths> {
	const [staying, left] = await Promise.all([oldMonths(sql, firstKept(keep, readAt), readAt), missingMonths(sql)]);
	return {
		readAt,
		staying: staying.map((old) => {
			const { month, backfill, restoredUntil, isLeaving, lookedAt, found } = old;
			const isKnownLately = found === 'unarchived' || found === 'arrived';
			return {
				month,
				why: whyAtAGlance(old) ?? (isKnownLately ? found : null),
				backfill,
				restoredUntil,
				isLeaving,
				lookedAt
			};
		}),
		left: left.map(({ month }) => month)
	};
}

async function database(sql: Sql, readAt: Millis): Promise<DatabaseFacts> {
	const [[facts], tables, migrations] = await Promise.all([
		sql<{ version: string; bytes: number }[]>`
			select current_setting('server_version') as version, pg_database_size(current_database())::float8 as bytes`,
		sql<TableSize[]>`
			select
				coalesce(inhparent, oid)::regclass::text as name,
				sum(nullif(reltuples, -1))::float8 as rows,
				sum(pg_total_relation_size(oid))::float8 as bytes
			from pg_class
			left join pg_inherits on inhrelid = oid
			where relkind = 'r' and relnamespace = current_schema()::regnamespace
			group by 1
			order by 3 desc, 1`,
		sql<DatabaseFacts['migrations']>`
			select name, ${millis(sql, 'applied_at')} as "appliedAt" from schema_migrations order by name`
	]);
	return {
		readAt,
		version: facts?.version ?? '',
		bytes: facts?.bytes ?? 0,
		tables: [...tables],
		migrations: [...migrations]
	};
}
