/**
 * A migrated database of its own for each test that wants one: a clone of the template, so that tests can run at the
 * same time and none sees another's rows.
 */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { connect, type Sql } from '../../src/lib/server/db/connect';

export interface TestDatabase {
	url: string;
	/** A small pool; drop() ends it. */
	sql: Sql;
	/** Ends the pool and removes the database, whoever is still connected. */
	drop(): Promise<void>;
}

/** A clone of the migrated template. */
export function testDatabase(): Promise<TestDatabase> {
	// Copying files takes half as long as writing them through the log.
	return create(`template ${new URL(inject('templateUrl')).pathname.slice(1)} strategy file_copy`);
}

/** A database without any table, for tests of the migrations themselves. */
export function emptyDatabase(): Promise<TestDatabase> {
	return create('');
}

async function create(clause: string): Promise<TestDatabase> {
	const server = new URL(inject('templateUrl'));
	const name = `test_${randomBytes(6).toString('hex')}`;
	// From the app's own database: the template itself must have no connection while it is cloned.
	await administer(withDatabase(server, 'control_room'), `create database ${name} ${clause}`);
	const url = withDatabase(server, name);
	const sql = connect({ url, application: 'tests' });
	return {
		url,
		sql,
		async drop() {
			await sql.end({ timeout: 1 });
			// Autovacuum may be at work in it, which only the superuser can end.
			await administer(inject('superuserUrl'), `drop database if exists ${name} with (force)`);
		}
	};
}

async function administer(url: string, statement: string): Promise<void> {
	const sql = connect({ url, application: 'tests', max: 1 });
	try {
		await sql.unsafe(statement);
	} finally {
		await sql.end({ timeout: 1 });
	}
}

function withDatabase(server: URL, name: string): string {
	return Object.assign(new URL(server), { pathname: `/${name}` }).href;
}
