/**
 * What a database says, as one number a table: the sum of its rows' hashes, whatever their order. Of every table it is
 * known whether it follows from the archive; one that nobody has thought about counts as a difference.
 */
import { projections } from '../lib/server/projections/index';
import type { Sql } from '../lib/server/db/connect';
import { counted } from '../lib/ui/format';

const LOG = 'analytics_events';

/** Tables that do not come back from the archive, and why. */
const LEFT_OUT: Record<string, string> = {
	schema_migrations: 'tells when the database itself was made',
	rebuilds_due: 'tells of the database itself',
	commits: 'the same events come back in other commits',
	archive_objects: 'the ledger of what was shipped from this database',
	rejected_events: 'what could not be an event is never shipped',
	backfill_jobs: 'tells how the archive was read back',
	backfill_faults: 'tells how the archive was read back',
	reconciliations: 'compares this database with the archive',
	log_months: 'tells which months this database holds',
	old_months: 'tells which months this database holds',
	month_edge_events: 'guards the edges of months while they are written',
	tombstones: 'what was forgotten is not in the archive either',
	erasures: 'tells what was forgotten in this database',
	erasure_sessions: 'an erasure under way',
	erasure_objects: 'an erasure under way',
	erasure_events: 'an erasure under way',
	erasure_archived_events: 'an erasure under way',
	data_requests: 'what people asked for',
	users: 'who may use this installation',
	invitations: 'who may use this installation',
	logins: 'who uses this installation',
	screens: 'what may show this installation',
	displays: 'what shows this installation',
	write_keys: 'who may send to this installation',
	api_tokens: 'who may read this installation',
	access_settings: 'who may use this installation',
	audit: 'what people did in this installation'
};

interface Checksum {
	rows: number;
	/** Decimal digits. */
	sum: string;
}

export interface Checksums {
	compared: Map<string, Checksum>;
	leftOut: string[];
}

/** Reads every table of the current schema. */
export async function checksums(sql: Sql): Promise<Checksums> {
	const folds = new Map(projections.map(({ table, scratch, empty }) => [table, { scratch, empty: empty ?? 'false' }]));
	// What the last merge left behind for itself, and the numbers of commits, are not what a table says.
	folds.set(LOG, { scratch: ['commit_id'], empty: 'false' });
	const tables = await sql<{ name: string }[]>`
		select relname as name from pg_class
		where relkind in ('r', 'p') and not relispartition and relnamespace = current_schema()::regnamespace
			-- Of a month that has left the log, while its files are being removed.
			and relname not like 'left\\_month\\_%'
		order by 1`;
	const compared = new Map<string, Checksum>();
	const leftOut: string[] = [];
	for (const { name } of tables) {
		const fold = folds.get(name);
		if (!fold) leftOut.push(name);
		else compared.set(name, await checksum(sql, name, fold));
	}
	return { compared, leftOut };
}

async function checksum(
	sql: Sql,
	table: string,
	{ scratch, empty }: { scratch: readonly string[]; empty: string }
): Promise<Checksum> {
	const columns = await sql<{ name: string }[]>`
		select attname as name from pg_attribute
		where attrelid = format('%I.%I', current_schema(), ${table}::text)::regclass and attnum > 0 and not attisdropped
			and attname <> all(${[...scratch]}::text[])
		order by attname`;
	const [row] = await sql<{ rows: string; sum: string }[]>`
		select count(*) as rows, coalesce(sum(hashtextextended(row(${sql(columns.map(({ name }) => name))})::text, 0)), 0)::text as sum
		from ${sql(table)} where not (${sql.unsafe(empty)})`;
	return { rows: Number(row?.rows ?? 0), sum: row?.sum ?? '0' };
}

/** One line a table, and whether all that can be compared is the same. */
export function differences(before: Checksums, after: Checksums): { lines: string[]; isIdentical: boolean } {
	const lines: string[] = [];
	let isIdentical = true;
	for (const [table, { rows, sum }] of before.compared) {
		const other = after.compared.get(table);
		const same = other?.rows === rows && other.sum === sum;
		if (!same) isIdentical = false;
		const what = `${counted(rows, 'rows')}, checksum ${sum}`;
		lines.push(
			`${same ? 'identical' : 'DIFFERS  '}  ${table.padEnd(22)} ${what}` +
				(same ? '' : `; now ${counted(other?.rows ?? 0, 'rows')}, checksum ${other?.sum ?? 'none'}`)
		);
	}
	for (const table of new Set([...before.leftOut, ...after.leftOut])) {
		const why = LEFT_OUT[table];
		if (why === undefined) isIdentical = false;
		lines.push(why === undefined ? `UNKNOWN    ${table.padEnd(22)} nobody has said whether it comes back` : `left out   ${table.padEnd(22)} ${why}`); // prettier-ignore
	}
	return { lines, isIdentical };
}
