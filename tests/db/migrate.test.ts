/** The schema of a database: applied once, whole, by whoever comes first; refused where this build does not know it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect } from '../../src/lib/server/db/connect';
import { applySchema, migrate, MIGRATIONS } from '../../src/lib/server/db/migrate';
import { StartupError } from '../../src/lib/server/errors';
import { emptyDatabase, testDatabase, type TestDatabase } from '../support/database';

const FIRST = { '0001_rooms.sql': 'create table rooms (id bigint primary key); insert into rooms values (1);' };
const BOTH = { ...FIRST, '0002_names.sql': 'alter table rooms add name text; -- no line end' };

let database: TestDatabase;
afterEach(() => database.drop());

describe('migrations', () => {
	beforeEach(async () => {
		database = await emptyDatabase();
	});

	it('apply each file once, in order, and record it', async () => {
		expect(await migrate(database.sql, FIRST)).toEqual(['0001_rooms.sql']);
		expect(await migrate(database.sql, BOTH)).toEqual(['0002_names.sql']);
		expect(await migrate(database.sql, BOTH)).toEqual([]);
		expect(await database.sql`select id, name from rooms`).toEqual([{ id: '1', name: null }]);
		const recorded = await database.sql`select name, applied_at is not null as dated from schema_migrations order by 1`;
		expect(recorded).toEqual([
			{ name: '0001_rooms.sql', dated: true },
			{ name: '0002_names.sql', dated: true }
		]);
	});

	it('are applied once when many nodes start at the same moment', async () => {
		const nodes = Array.from({ length: 8 }, () => connect({ url: database.url, application: 'node', max: 1 }));
		const applied = await Promise.all(nodes.map((node) => migrate(node, BOTH)));
		await Promise.all(nodes.map((node) => node.end()));
		expect(applied.flat().sort()).toEqual(Object.keys(BOTH));
		expect(await database.sql`select count(*)::int as n from rooms`).toEqual([{ n: 1 }]);
	});

	it('leave nothing of a file that fails in its middle', async () => {
		const broken = { ...FIRST, '0002_broken.sql': 'create table half (id int); select 1 / 0;' };
		const failure = await migrate(database.sql, broken).catch((error: unknown) => error);
		expect(failure).toBeInstanceOf(StartupError);
		expect(String(failure)).toContain('0002_broken.sql failed and was rolled back: division by zero');
		expect(await database.sql`select to_regclass('half') as half`).toEqual([{ half: null }]);
		expect(await migrate(database.sql, BOTH)).toEqual(['0002_names.sql']);
	});

	it('refuse a database that a newer build has migrated', async () => {
		await migrate(database.sql, BOTH);
		await expect(migrate(database.sql, FIRST)).rejects.toThrow(/migrated by a newer build \(0002_names\.sql\)/);
	});

	it('refuse a file that was changed after it was applied, but not other line ends', async () => {
		await migrate(database.sql, { '0001_rooms.sql': 'create table rooms (\n\tid int\n)' });
		expect(await migrate(database.sql, { '0001_rooms.sql': 'create table rooms (\r\n\tid int\r\n)' })).toEqual([]);
		await expect(migrate(database.sql, FIRST)).rejects.toThrow(StartupError);
	});

	it('apply to a schema of their own without touching the live one', async () => {
		await applySchema(database.sql, 'shadow', FIRST);
		expect(await database.sql`select count(*)::int as n from shadow.rooms`).toEqual([{ n: 1 }]);
		expect(await database.sql`select to_regclass('rooms') as live, current_schemas(false) as path`).toEqual([
			{ live: null, path: ['public'] }
		]);
	});
});

describe('the migrations of this build', () => {
	it('are in the template that tests clone', async () => {
		database = await testDatabase();
		expect(await migrate(database.sql)).toEqual([]);
		const recorded = await database.sql<{ name: string }[]>`select name from schema_migrations order by name`;
		expect(recorded.map(({ name }) => name)).toEqual(Object.keys(MIGRATIONS).sort());
	});

	it('make the same tables in a shadow schema', async () => {
		database = await testDatabase();
		await applySchema(database.sql, 'shadow');
		const difference = await database.sql`
			select table_name, column_name from information_schema.columns
			where table_schema in ('public', 'shadow') and table_name <> 'schema_migrations'
			group by table_name, column_name, data_type having count(*) <> 2`;
		expect(difference).toEqual([]);
	});
});
