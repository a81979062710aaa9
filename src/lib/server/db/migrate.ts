/**
 * Brings a database to this build's schema: numbered SQL files, forward only. It guarantees that a file is applied
 * whole or not at all and once, however many nodes start at the same moment, and that a database which this build does
 * not understand is refused before anything is written.
 */
import { createHash } from 'node:crypto';
import { StartupError } from '../errors';
import type { Sql } from './connect';

/** File name to its SQL. All names inside are unqualified. */
export type Migrations = Record<string, string>;

// Read at build time: the built server needs no migrations directory beside it.
const FILES = import.meta.glob<string>('/migrations/*.sql', { query: '?raw', import: 'default', eager: true });
export const MIGRATIONS: Migrations = Object.fromEntries(
	Object.entries(FILES).map(([path, text]) => [path.slice(path.lastIndexOf('/') + 1), text])
);

const NAME = /^\d{4}_[a-z0-9_]+\.sql$/;
/** "migr" in ASCII: the advisory lock of everybody who migrates a database. */
const LOCK = 0x6d696772;

/**
 * Applies what is missing and returns the names of the files that this call applied.
 * @throws StartupError when the database was migrated by a newer build or by files that were changed since.
 */
export async function migrate(sql: Sql, migrations: Migrations = MIGRATIONS): Promise<string[]> {
	const files = inOrder(migrations);
	// `if not exists` alone is not safe against two at once.
	await sql.unsafe(`
		select pg_advisory_xact_lock(${LOCK});
		create table if not exists schema_migrations (
			name text primary key,
			applied_at timestamptz not null default now(),
			checksum text not null
		)`);
	const done: string[] = [];
	for (const file of files) {
		if ((await applied(sql, files)).has(file.name)) continue;
		try {
			await sql.unsafe(oneTransaction(file));
			done.push(file.name);
		} catch (error) {
			// Another node applied it between the look and the attempt, which then did nothing.
			if ((await applied(sql, files)).has(file.name)) continue;
			const reason = error instanceof Error ? error.message : String(error);
			throw new StartupError(`The migration ${file.name} failed and was rolled back: ${reason}`, { cause: error });
		}
	}
	if (files.length === 0) await applied(sql, files);
	return done;
}

/**
 * Creates a schema and runs all migrations in it, for a rebuild beside the live tables.
 * @throws when the schema exists.
 */
export async function applySchema(
	sql: Pick<Sql, 'unsafe'>,
	schema: string,
	migrations: Migrations = MIGRATIONS
): Promise<void> {
	if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) throw new Error(`not a plain schema name: ${schema}`);
	const texts = inOrder(migrations).map((file) => file.text);
	await sql.unsafe([`create schema ${schema}`, `set local search_path to ${schema}`, ...texts].join(';\n'));
}

interface File {
	name: string;
	text: string;
	checksum: string;
}

/**
 * Several statements in one message are one transaction, which a lost connection cannot split; a `begin` of its own
 * message could (the library would run what follows on a new connection, outside of it). The row comes first: its key
 * stops a second node that waited for the lock.
 */
function oneTransaction({ name, text, checksum }: File): string {
	return `
		select pg_advisory_xact_lock(${LOCK});
		insert into schema_migrations (name, checksum) values ('${name}', '${checksum}');
		${text}`;
}

async function applied(sql: Sql, files: File[]): Promise<Set<string>> {
	const rows = await sql<{ name: string; checksum: string }[]>`
		select name, checksum from schema_migrations order by name`;
	for (const row of rows) {
		const file = files.find(({ name }) => name === row.name);
		if (!file) {
			throw new StartupError(
				`The database was migrated by a newer build (${row.name}); start that build, or a newer one.`
			);
		}
		if (file.checksum !== row.checksum) {
			throw new StartupError(
				`The migration ${row.name} was changed after this database applied it; restore the file and add a new one instead.`
			);
		}
	}
	return new Set(rows.map(({ name }) => name));
}

function inOrder(migrations: Migrations): File[] {
	return Object.entries(migrations)
		.map(([name, text]) => {
			if (!NAME.test(name)) throw new Error(`a migration is named like 0001_what_it_does.sql, not ${name}`);
			// A checkout may have other line ends.
			const checksum = createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
			return { name, text, checksum };
		})
		.sort((a, b) => (a.name < b.name ? -1 : 1));
}
