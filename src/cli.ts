/** What an operator runs beside the process: `npm run cli -- <command>`. Wiring only. */
import { parseArgs } from 'node:util';
import { readConfig } from '$lib/server/config';
import { rebuild, verify } from '$lib/server/commit/rebuild';
import { connect, requirePostgres15, type Sql } from '$lib/server/db/connect';
import { startEmbedded } from '$lib/server/db/embedded';
import { migrate } from '$lib/server/db/migrate';
import { StartupError } from '$lib/server/errors';

const USAGE = `Usage: npm run cli -- <command>

  migrate   bring the database to this build's schema
  verify    fold the whole log anew beside the live tables and compare them row by row; changes nothing
  rebuild   make all tables that follow from the log anew; commits wait while the rows are copied over

The database is that of DATABASE_URL, or the embedded one in DATA_DIR, whether the server runs or not.
`;

const commands: Record<string, (sql: Sql) => Promise<number>> = {
	migrate: runMigrate,
	verify: runVerify,
	rebuild: runRebuild
};

async function runMigrate(sql: Sql): Promise<number> {
	const applied = await migrate(sql);
	say(applied.length === 0 ? 'Nothing to migrate.' : `Applied ${applied.join(', ')}.`);
	return 0;
}

async function runVerify(sql: Sql): Promise<number> {
	await migrate(sql);
	const differences = await verify(sql, progress);
	let differing = 0;
	for (const { table, rows, onlyLive, onlyRebuilt, examples } of differences) {
		const same = onlyLive + onlyRebuilt === 0;
		if (!same) differing++;
		say(
			`${same ? 'equal  ' : 'DIFFERS'} ${table}: ${rows} rows${same ? '' : `, ${onlyLive} only live, ${onlyRebuilt} only rebuilt`}`
		);
		for (const example of examples) say(`        ${example}`);
	}
	say(
		differing === 0
			? 'Every table equals its rebuild from the log.'
			: `${differing} tables differ. "rebuild" makes them anew.`
	);
	return differing === 0 ? 0 : 1;
}

async function runRebuild(sql: Sql): Promise<number> {
	await migrate(sql);
	const commits = await rebuild(sql, progress);
	say(`Rebuilt from ${commits} commits.`);
	return 0;
}

function progress(commits: number): void {
	if (process.stderr.isTTY) process.stderr.write(`\r${commits} commits folded`);
}

function say(line: string): void {
	process.stdout.write(`${line}\n`);
}

async function run(): Promise<number> {
	const { values, positionals } = parseArgs({
		options: { help: { type: 'boolean', short: 'h' } },
		allowPositionals: true
	});
	const command = commands[positionals[0] ?? ''];
	if (values.help || !command || positionals.length > 1) {
		say(USAGE);
		return values.help ? 0 : 1;
	}
	const config = readConfig();
	const embedded = config.databaseUrl ? null : await startEmbedded({ dataDir: config.dataDir, exclusive: false });
	const sql = connect({ url: config.databaseUrl ?? embedded?.url ?? '', application: 'control-room cli', max: 2 });
	try {
		await requirePostgres15(sql);
		return await command(sql);
	} finally {
		await sql.end({ timeout: 5 });
		await embedded?.stop();
	}
}

run().then(
	(code) => (process.exitCode = code),
	(error: unknown) => {
		const known = error instanceof StartupError || (error instanceof TypeError && 'code' in error);
		process.stderr.write(
			`${known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`
		);
		process.exitCode = 1;
	}
);
