/**
 * Removes what months that have left the log leave behind: a table each, which no statement knows any more. A table of
 * gigabytes keeps the file system busy for seconds, so that each of its files goes in a transaction of its own. What is
 * interrupted is gone on with by the next run.
 */
import type { Sql } from '../db/connect';
import { gently } from './gently';

/** Takes the table of a month out of everybody's sight, as SQL for the transaction that notes that the month has left. */
export function putAside(table: string): string {
	const name = table.replace(LOG, LEFT);
	return `
		alter table ${table} rename constraint ${table}_key to ${name}_key;
		alter table ${table} rename to ${name};`;
}

const LOG = 'analytics_events_';
const LEFT = 'left_month_';

/** Removes all that has been put aside. */
export async function removeLeft(sql: Sql): Promise<void> {
	const left = await sql<{ table: string; indexes: string[] }[]>`
		select relname as table, array(
			select indexrelid::regclass::text from pg_index where indrelid = pg_class.oid and not indisunique order by 1
		) as indexes
		from pg_class
		where relkind = 'r' and relnamespace = current_schema()::regnamespace
			and relname ~ ${`^${LEFT}[0-9]{4}_[0-9]{2}$`}
		order by 1`;
	for (const { table, indexes } of left) {
		for (const index of indexes) await gently(() => sql.unsafe(`drop index ${index}`));
		await gently(() => sql`alter table ${sql(table)} drop constraint if exists ${sql(`${table}_key`)}`);
		await gently(() => sql`drop table ${sql(table)}`);
	}
}
