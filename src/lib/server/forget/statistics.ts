/**
 * What the planner remembers of tables: samples of their values, also of rows that are gone, until a table is analyzed
 * again. Where a sample names what was forgotten, that is done at once.
 */
import type { TransactionSql } from 'postgres';
import type { Sql } from '../db/connect';
import type { Matcher } from './matching';

/** Has the planner forget it too, of all tables or of some; once the rows are gone, or in the transaction that removes them. */
export async function eraseFromStatistics(
	sql: Sql | TransactionSql,
	matcher: Matcher,
	tables: readonly string[] | null = null
): Promise<void> {
	// What an index on expressions samples stands under the index's name, and is made anew with its table.
	const samples = sql<{ table: string; text: string }[]>`
		select
			coalesce(owner.relname, tablename) as table,
			concat_ws(' ', most_common_vals::text, histogram_bounds::text, most_common_elems::text) as text
		from pg_stats
		left join pg_class as own on own.relname = tablename and own.relnamespace = current_schema()::regnamespace
		left join pg_index on indexrelid = own.oid
		left join pg_class as owner on owner.oid = indrelid
		where schemaname = current_schema() and (${tables}::text[] is null or coalesce(owner.relname, tablename) = any(${tables}))`;
	const named = new Set<string>();
	for await (const some of samples.cursor(200)) {
		for (const { table, text } of some) if (matcher.isNamedIn(Buffer.from(text))) named.add(table);
	}
	for (const table of named) {
		await sql`analyze ${sql(table)}`;
		await clearEmptied(sql, table);
	}
}

/** Postgres keeps the samples of a table that has no rows any more: analyzing it changes nothing. From version 18 on they can be removed. */
async function clearEmptied(sql: Sql | TransactionSql, table: string): Promise<void> {
	const [is] = await sql<{ empty: boolean; clearable: boolean }[]>`
		select
			not exists (select from ${sql(table)}) as empty,
			current_setting('server_version_num')::int >= 180000 as clearable`;
	if (!is?.empty || !is.clearable) return;
	await sql`
		select pg_clear_attribute_stats(schemaname, tablename, attname, inherited)
		from pg_stats
		where schemaname = current_schema() and (tablename = ${table} or tablename in (
			select relname from pg_index join pg_class on pg_class.oid = indexrelid
			where indrelid = ${table}::text::regclass
		))`;
}
