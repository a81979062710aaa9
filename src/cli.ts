/** What an operator runs beside the process: `npm run cli -- <command>`. Wiring only. */
import { parseArgs } from 'node:util';
import { readConfig, type Config } from '$lib/server/config';
import { rebuild, rebuildIfDue, verify } from '$lib/server/commit/rebuild';
import { connect, requirePostgres15, type Sql } from '$lib/server/db/connect';
import { startEmbedded } from '$lib/server/db/embedded';
import { migrate } from '$lib/server/db/migrate';
import { StartupError } from '$lib/server/errors';
import { simulate } from './simulate/index';

const USAGE = `Usage: npm run cli -- <command>

  migrate   bring the database to this build's schema
  verify    fold the whole log anew beside the live tables and compare them row by row; changes nothing
  rebuild   make all tables that follow from the log anew; commits wait while the rows are copied over
  simulate  shoppers beside a running server, or a history in its database: simulate --help tells more

The database is that of DATABASE_URL, or the embedded one in DATA_DIR, whether the server runs or not.
`;

const commands: Record<string, (sql: Sql) => Promise<number>> = {
	migrate: runMigrate,
	verify: runVerify,
	rebuild: runRebuild
};

async function runMigrate(sql: Sql): Promise<number> {
	const applied = await migrate(sql);
	await rebuildIfDue(sql, progress);
	say(applied.length === 0 ? 'Nothing to migrate.' : `Applied ${applied.join(', ')}.`);
	return 0;
}

async function runVerify(sql: Sql): Promise<number> {
	await migrate(sql);
	await rebuildIfDue(sql, progress);
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
	// Its options are its own.
	if (process.argv[2] === 'simulate') return runSimulate(process.argv.slice(3));
	const { values, positionals } = parseArgs({
		options: { help: { type: 'boolean', short: 'h' } },
		allowPositionals: true
	});
	const command = commands[positionals[0] ?? ''];
	if (values.help || !command || positionals.length > 1) {
		say(USAGE);
		return values.help ? 0 : 1;
	}
	return withDatabase(readConfig(), command);
}

function runSimulate(args: string[]): Promise<number> {
	const config = readConfig();
	return simulate(args, {
		endpoint: `http://127.0.0.1:${config.port || 3000}`,
		output: process.stdout,
		withDatabase: (work) =>
			withDatabase(config, (sql, url) => work({ sql, url, sessionTimeoutMs: config.sessionTimeoutMs }))
	});
}

async function withDatabase(config: Config, work: (sql: Sql, url: string) => Promise<number>): Promise<number> {
	const embedded = config.databaseUrl ? null : await startEmbedded({ dataDir: config.dataDir, exclusive: false });
	const url = config.databaseUrl ?? embedded?.url ?? '';
	const sql = connect({ url, application: 'control-room cli', max: 2 });
	try {
		await requirePostgres15(sql);
		return await work(sql, url);
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
