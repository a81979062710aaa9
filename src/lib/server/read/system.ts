/** What the database knows of the system itself: how much comes in, how large it is, and at which version. */
import type { Millis } from '../../live/messages';
import type { Sql } from '../db/connect';
import { within } from '../db/within';
import { millis } from './columns';
import { remembered } from './remembered';

const READ_WITHIN_MS = 10_000;
/** Commits have no index by time: the rates are of the latest by their numbers. */
export const LATEST_COMMITS = 1_000;
/** Sizes are asked of the file system, and move slowly. */
const SIZES_AGE_MS = 10_000;

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
	/** With its indexes. */
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

/** @param sql a pool that commits do not need */
export function system(sql: Sql, clock: () => Millis = Date.now) {
	return {
		intake: () => within(READ_WITHIN_MS, intake(sql, clock())),
		database: remembered(() => within(READ_WITHIN_MS, database(sql, clock())), SIZES_AGE_MS)
	};
}

async function intake(sql: Sql, now: Millis): Promise<Intake> {
	const rows = await sql<{ at: Millis; events: number }[]>`
		select ${millis(sql, 'committed_at')} as at, event_count as events
		from (select * from commits order by id desc limit ${LATEST_COMMITS}) as latest`;
	const times = rows.map(({ at }) => at);
	const since = rows.length < LATEST_COMMITS ? 0 : Math.min(...times);
	const rate = (windowMs: number): Rate => {
		const coveredMs = Math.min(windowMs, now - since);
		const counted = rows.filter(({ at }) => at > now - coveredMs);
		return { commits: counted.length, events: counted.reduce((sum, { events }) => sum + events, 0), coveredMs };
	};
	return {
		readAt: now,
		minute: rate(60_000),
		hour: rate(3_600_000),
		newestCommitAt: times.length === 0 ? null : Math.max(...times)
	};
}

async function database(sql: Sql, readAt: Millis): Promise<DatabaseFacts> {
	const [[facts], tables, migrations] = await Promise.all([
		sql<{ version: string; bytes: number }[]>`
			select current_setting('server_version') as version, pg_database_size(current_database())::float8 as bytes`,
		sql<TableSize[]>`
			select
				relname as name, nullif(reltuples, -1)::float8 as rows, pg_total_relation_size(oid)::float8 as bytes
			from pg_class
			where relkind = 'r' and relnamespace = current_schema()::regnamespace
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
