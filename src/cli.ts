/** What an operator runs beside the process: `npm run cli -- <command>`. Wiring only. */
import { parseArgs } from 'node:util';
import { readConfig, type Config } from '$lib/server/config';
import { IncompleteLog, rebuild, rebuildIfDue, verify } from '$lib/server/commit/rebuild';
import { connect, requirePostgres15, type Sql } from '$lib/server/db/connect';
import { startEmbedded } from '$lib/server/db/embedded';
import { migrate } from '$lib/server/db/migrate';
import { StartupError } from '$lib/server/errors';
import { openStore } from '$lib/server/archive/store';
import { counted } from '$lib/ui/format';
import { token } from './access/token';
import { backfill, type ArchiveSurroundings } from './archive/backfill';
import { drill } from './archive/drill';
import { erase } from './archive/erase';
import { reconcileCommand } from './archive/reconcile';
import { ship } from './archive/ship';
import { retention } from './archive/retention';
import { password } from './people/password';
import { user } from './people/user';
import { simulate } from './simulate/index';

const USAGE = `Usage: npm run cli -- <command>

  migrate   bring the database to this build's schema
  verify    fold the whole log anew beside the live tables and compare them row by row; changes nothing
            (exit code 1: they differ, 2: the log lacks months that were dropped)
  rebuild   make all tables that follow from the log anew; commits wait while the rows are copied over
  retention drop months that the archive has and that are older than what is kept: retention --help tells more
  archive   ship to the archive all that was committed until now, and say what lies where
  backfill  bring events back from the archive: backfill --help tells more
  reconcile compare log and archive, and name what differs: reconcile --help tells more
  erase     forget a session, a shop or a person for good, with a certificate: erase --help tells more
  drill     prove that the archive is a backup: a day, shipped, dropped, brought back, compared; in a folder of its own
  user      who can log in, a link for somebody new, and shutting somebody out: user --help tells more
  password  read a password and say what to set ADMIN_PASSWORD to
  token     make an API token and print it: token --help tells more
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
			`${same ? 'equal  ' : 'DIFFERS'} ${table}: ${counted(rows, 'rows')}${same ? '' : `, ${onlyLive} only live, ${onlyRebuilt} only rebuilt`}`
		);
		for (const example of examples) say(`        ${example}`);
	}
	say(
		differing === 0
			? 'Every table equals its rebuild from the log.'
			: `Not the same: ${counted(differing, 'tables')}. "rebuild" makes all anew.`
	);
	return differing === 0 ? 0 : 1;
}

async function runRebuild(sql: Sql): Promise<number> {
	await migrate(sql);
	const commits = await rebuild(sql, progress);
	say(`Rebuilt from ${counted(commits, 'commits')}.`);
	return 0;
}

function progress(commits: number): void {
	if (process.stderr.isTTY) process.stderr.write(`\r${counted(commits, 'commits')} folded`);
}

function say(line: string): void {
	process.stdout.write(`${line}\n`);
}

async function run(): Promise<number> {
	// Its options are its own.
	if (process.argv[2] === 'simulate') return runSimulate(process.argv.slice(3));
	if (process.argv[2] === 'archive') return runArchive(process.argv.slice(3));
	if (process.argv[2] === 'backfill') return runWithArchive(backfill, process.argv.slice(3));
	if (process.argv[2] === 'erase') return runWithArchive(erase, process.argv.slice(3));
	if (process.argv[2] === 'user') return runUser(process.argv.slice(3));
	if (process.argv[2] === 'password') return password({ report: process.stdout, progress: process.stderr });
	if (process.argv[2] === 'retention') return runRetention(process.argv.slice(3));
	if (process.argv[2] === 'token') return runToken(process.argv.slice(3));
	if (process.argv[2] === 'reconcile') return runWithArchive(reconcileCommand, process.argv.slice(3));
	if (process.argv[2] === 'drill')
		return drill(process.argv.slice(3), { report: process.stdout, progress: process.stderr });
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

function runUser(args: string[]): Promise<number> {
	const config = readConfig();
	return user(args, {
		address: config.reach.publicOrigins[0] ?? `http://127.0.0.1:${config.port || 3000}`,
		report: process.stdout,
		progress: process.stderr,
		withDatabase: (work) => withDatabase(config, work)
	});
}

function runRetention(args: string[]): Promise<number> {
	const config = readConfig();
	return retention(args, {
		keepMonths: config.retentionMonths,
		report: process.stdout,
		progress: process.stderr,
		withDatabase: (work) => withDatabase(config, work)
	});
}

function runToken(args: string[]): Promise<number> {
	return token(args, {
		report: process.stdout,
		progress: process.stderr,
		withDatabase: (work) => withDatabase(readConfig(), work)
	});
}

function runArchive(args: string[]): Promise<number> {
	const { objectBytes } = readConfig().archive;
	return runWithArchive((rest, surroundings) => ship(rest, objectBytes, surroundings), args);
}

function runWithArchive(
	command: (args: string[], surroundings: ArchiveSurroundings) => Promise<number>,
	args: string[]
): Promise<number> {
	const config = readConfig();
	return command(args, {
		report: process.stdout,
		progress: process.stderr,
		withArchive: (work) =>
			withDatabase(config, async (sql, url) => {
				const store = await openStore(config.archive.location);
				try {
					return await work(sql, url, store);
				} finally {
					await store.close();
				}
			})
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
		process.exitCode = error instanceof IncompleteLog ? 2 : 1;
	}
);
