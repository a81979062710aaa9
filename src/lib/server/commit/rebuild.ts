/**
 * The projections made anew from the log, with the same merges that made them live.
 *
 * `verify` folds the whole log into a shadow schema within one snapshot of the database, compares every table row by row
 * and rolls everything back. `rebuild` folds into a shadow schema while commits go on, then holds commits for as long as
 * it takes to fold the rest and to copy the rows over.
 *
 * Neither can be done while the log lacks events of months that have left it.
 */
import type { TransactionSql } from 'postgres';
import type { Sql } from '../db/connect';
import { StartupError } from '../errors';
import { applySchema } from '../db/migrate';
import { missingMonths, tellMissing, type MissingMonth } from '../db/log-months';
import { CHANNEL, type CommitNotice } from '../db/notice';
import { EVERYTHING } from '../projections/expected';
import { mergeAll, projections } from '../projections/index';
import { freshFrom } from './statement';

const SHADOW = 'control_room_shadow';
/** Commits folded by one statement. */
const COMMITS_AT_ONCE = 500;
const KEYS_SHOWN = 5;
/** The advisory lock of everybody who rebuilds, or takes months out of the log. */
export const REBUILD_LOCK = 7_403_212;

/** The log lacks events that the tables know. */
export class IncompleteLog extends StartupError {
	override name = 'IncompleteLog';
	constructor(readonly months: readonly MissingMonth[]) {
		super(`What follows from the log cannot be made anew.\n${tellMissing(months)}`);
	}
}

/** How one table differs from its rebuild. */
export interface TableDifference {
	table: string;
	rows: number;
	/** Rows that only the table has, and rows that only the rebuild has; a changed row counts as one of each. */
	onlyLive: number;
	onlyRebuilt: number;
	/** A few of the differing rows, as JSON. */
	examples: string[];
}

/**
 * Compares every projection with a rebuild from the log. Changes nothing.
 * @throws IncompleteLog while months are missing
 */
export async function verify(
	sql: Sql,
	progress: (commits: number) => void = () => undefined
): Promise<TableDifference[]> {
	const differences: TableDifference[] = [];
	class Done extends Error {}
	try {
		await sql.begin('isolation level repeatable read', async (transaction) => {
			// Before the first look, so that no month leaves what is seen from then on.
			await transaction.unsafe('lock table analytics_events in access share mode');
			const live = await currentSchema(transaction);
			await requireWholeLog(transaction);
			await prepareShadow(transaction);
			await foldAll(transaction, live, progress);
			for (const { table, scratch, empty = 'false' } of projections) {
				const columns = (await columnsOf(transaction, live, table, true)).filter((column) => !scratch.includes(column));
				differences.push(await compare(transaction, live, table, columns, empty));
			}
			throw new Done();
		});
	} catch (error) {
		if (!(error instanceof Done)) throw error;
	}
	return differences;
}

/**
 * Rebuilds if a migration asked for it. Returns the number of commits folded; null when nothing asked.
 * @throws IncompleteLog when it is due and months are missing
 */
export async function rebuildIfDue(sql: Sql, progress?: (commits: number) => void): Promise<number | null> {
	const isDue = async () => (await sql`select from rebuilds_due limit 1`).length > 0;
	if (!(await isDue())) return null;
	let folded: number | null = null;
	await alone(sql, async () => {
		if (await isDue()) folded = await makeAnew(sql, progress);
	});
	return folded;
}

/**
 * Makes every projection anew from the log. Returns the number of commits folded.
 * @param sql at least two connections: one holds the turn
 * @throws IncompleteLog while months are missing
 */
export async function rebuild(sql: Sql, progress?: (commits: number) => void): Promise<number> {
	let folded = 0;
	await alone(sql, async () => {
		folded = await makeAnew(sql, progress);
	});
	return folded;
}

/** One rebuild at a time, whichever programs ask: they share the shadow schema. */
async function alone(sql: Sql, work: () => Promise<void>): Promise<void> {
	await sql.begin(async (turn) => {
		await turn`select pg_advisory_xact_lock(${REBUILD_LOCK})`;
		await work();
	});
}

async function requireWholeLog(sql: Sql | TransactionSql): Promise<void> {
	const months = await missingMonths(sql);
	if (months.length > 0) throw new IncompleteLog(months);
}

async function makeAnew(sql: Sql, progress: (commits: number) => void = () => undefined): Promise<number> {
	await requireWholeLog(sql);
	const live = await currentSchema(sql);
	await sql.begin((transaction) => prepareShadow(transaction));
	let folded = 0;
	for (;;) {
		const step = await sql.begin(async (transaction) => {
			await useShadow(transaction);
			return foldNext(transaction, live);
		});
		if (step === 0) break;
		folded += step;
		progress(folded);
	}
	await sql.begin(async (transaction) => {
		await useShadow(transaction);
		// Holds commits, not readers, until the end of this transaction.
		await transaction`lock table ${transaction(live)}.analytics_events in share row exclusive mode`;
		folded += await foldAll(transaction, live, progress);
		for (const { table } of projections) await replaceRows(transaction, live, table);
		await transaction`drop schema ${transaction(SHADOW)} cascade`;
		await transaction`delete from ${transaction(live)}.rebuilds_due`;
		const notice: CommitNotice = { commit: '0', at: Date.now(), sessions: null, errors: true };
		await transaction`select pg_notify(${CHANNEL}, ${JSON.stringify(notice)})`;
	});
	return folded;
}

async function currentSchema(sql: Sql | TransactionSql): Promise<string> {
	const [row] = await sql<{ schema: string }[]>`select current_schema() as schema`;
	return row?.schema ?? 'public';
}

/** An empty set of tables beside the live ones, and a list of the commits that are folded into it. */
async function prepareShadow(transaction: TransactionSql): Promise<void> {
	await transaction`drop schema if exists ${transaction(SHADOW)} cascade`;
	await applySchema(transaction, SHADOW);
	await useShadow(transaction);
	await transaction`create table folded_commits (id bigint primary key)`;
}

async function useShadow(transaction: TransactionSql): Promise<void> {
	await transaction`select set_config('search_path', ${SHADOW}, true), set_config('enable_nestloop', 'off', true)`;
}

async function foldAll(
	transaction: TransactionSql,
	live: string,
	progress: (commits: number) => void
): Promise<number> {
	let folded = 0;
	for (let step = -1; step !== 0; folded += step) {
		step = await foldNext(transaction, live);
		progress(folded + step);
	}
	return folded;
}

/** Folds the next commits that are not folded yet; returns how many. A commit that became visible late is not missed. */
async function foldNext(transaction: TransactionSql, live: string): Promise<number> {
	const next = await transaction<{ id: string }[]>`
		insert into folded_commits
		select id from ${transaction(live)}.commits as known
		where not exists (select from folded_commits where folded_commits.id = known.id)
		order by id
		limit ${COMMITS_AT_ONCE}
		returning id`;
	if (next.length === 0) return 0;
	const ids = next.map(({ id }) => BigInt(id)).sort((a, b) => (a < b ? -1 : 1));
	// A range beside the list lets the BRIN index find the pages.
	const statement = `
		with source as not materialized (
			select * from "${live}".analytics_events
			where commit_id between $1::bigint and $2::bigint and commit_id = any($3::bigint[])
		),
		${freshFrom('source')},
		${mergeAll(EVERYTHING)}
		select 1`;
	await transaction.unsafe(statement, [String(ids[0]), String(ids.at(-1)), ids.map(String)], { prepare: true });
	return next.length;
}

/** The table's columns in order; generated ones only when asked for. */
async function columnsOf(sql: TransactionSql, schema: string, table: string, generated: boolean): Promise<string[]> {
	const rows = await sql<{ name: string }[]>`
		select attname as name from pg_attribute
		where attrelid = format('%I.%I', ${schema}::text, ${table}::text)::regclass and attnum > 0 and not attisdropped
			and (${generated} or attgenerated = '')
		order by attnum`;
	return rows.map(({ name }) => name);
}

async function compare(
	sql: TransactionSql,
	live: string,
	table: string,
	columns: string[],
	empty: string
): Promise<TableDifference> {
	const says = sql.unsafe(`not (${empty})`);
	const [row] = await sql<{ rows: string; only_live: string; only_rebuilt: string; examples: string[] | null }[]>`
		with
		live as (select ${sql(columns)} from ${sql(live)}.${sql(table)} where ${says}),
		rebuilt as (select ${sql(columns)} from ${sql(SHADOW)}.${sql(table)} where ${says}),
		only_live as (table live except all table rebuilt),
		only_rebuilt as (table rebuilt except all table live)
		select
			(select count(*) from live) as rows,
			(select count(*) from only_live) as only_live,
			(select count(*) from only_rebuilt) as only_rebuilt,
			(
				select array_agg(example)
				from (
					(select 'live ' || to_json(only_live)::text as example from only_live limit ${KEYS_SHOWN})
					union all
					(select 'rebuilt ' || to_json(only_rebuilt)::text from only_rebuilt limit ${KEYS_SHOWN})
				) as examples
			) as examples`;
	return {
		table,
		rows: Number(row?.rows ?? 0),
		onlyLive: Number(row?.only_live ?? 0),
		onlyRebuilt: Number(row?.only_rebuilt ?? 0),
		examples: row?.examples ?? []
	};
}

async function replaceRows(sql: TransactionSql, live: string, table: string): Promise<void> {
	const columns = await columnsOf(sql, live, table, false);
	await sql`delete from ${sql(live)}.${sql(table)}`;
	await sql`
		insert into ${sql(live)}.${sql(table)} (${sql(columns)})
		select ${sql(columns)} from ${sql(SHADOW)}.${sql(table)}`;
}
