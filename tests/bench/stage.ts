/**
 * What every benchmark stands on: one PostgreSQL server with full durability, a fresh database for each contender, and
 * contenders as processes of their own, so that each pays for itself.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { connect, type Sql } from '../../src/lib/server/db/connect';
import { startEmbedded } from '../../src/lib/server/db/embedded';
import { migrate } from '../../src/lib/server/db/migrate';

export interface Contender {
	address: string;
	pid: number;
	stop(): Promise<void>;
}

export interface Database {
	url: string;
	sql: Sql;
}

export interface Stage {
	/** A fresh migrated database; of a kept stage, one that was made before, as it was left. */
	database(name: string): Promise<Database>;
	/**
	 * A database that holds what `fill` puts in, unless an earlier run did so; then at rest.
	 * @param holds what that is, in a few words
	 */
	filled(name: string, holds: string, fill: (database: Database) => Promise<void>): Promise<Database>;
	/** The product itself, as `npm start` runs it, with further settings. */
	product(databaseUrl: string, settings?: NodeJS.ProcessEnv): Promise<Contender>;
	/** Another role of this benchmark as a process, which prints `listening <address>` when it is ready. */
	role(name: string, args: readonly string[]): Promise<Contender>;
	/** Where the server's settings can be changed. */
	superuser: Sql;
	superuserUrl: string;
	/** The server's log. */
	logFile: string;
	close(): Promise<void>;
}

/** @param kept a folder whose databases outlive this stage, to be opened again; without one nothing is left */
export async function openStage(kept?: string): Promise<Stage> {
	const folder = kept ?? (await mkdtemp(path.join(os.tmpdir(), 'control-room-bench-')));
	const server = await startEmbedded({ dataDir: folder, exclusive: true });
	const superuser = connect({ url: server.superuserUrl, application: 'bench', max: 1 });
	const pools: Sql[] = [];
	const contenders: Contender[] = [];

	async function run(command: readonly string[], ready: RegExp, env: NodeJS.ProcessEnv): Promise<Contender> {
		const [program = '', ...args] = command;
		const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
		const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
		const address = await new Promise<string>((resolve, reject) => {
			let output = '';
			child.stdout.setEncoding('utf8').on('data', (text: string) => {
				output += text;
				const found = ready.exec(output)?.[1];
				if (found !== undefined) resolve(found);
			});
			void ended.then(() => reject(new Error(`${command.join(' ')} ended: ${output}`)));
		});
		const contender = {
			address,
			pid: child.pid ?? 0,
			async stop() {
				child.kill('SIGTERM');
				await ended;
			}
		};
		contenders.push(contender);
		return contender;
	}

	async function database(name: string): Promise<Database> {
		const [known] = await superuser`select from pg_database where datname = ${name}`;
		if (!known) await superuser.unsafe(`create database ${name} owner control_room`);
		const url = Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
		const sql = connect({ url, application: 'bench', max: 2 });
		pools.push(sql);
		await migrate(sql);
		await sql`select ensure_month(now()::date)`;
		return { url, sql };
	}

	return {
		superuser,
		superuserUrl: server.superuserUrl,
		logFile: path.join(folder, 'postgres.log'),
		database,
		async filled(name, holds, fill) {
			const made = await database(name);
			const [known] = await superuser<{ holds: string | null }[]>`
				select shobj_description(oid, 'pg_database') as holds from pg_database where datname = ${name}`;
			if (!known?.holds) {
				await fill(made);
				await superuser.unsafe(`comment on database ${name} is '${holds}'`);
			} else if (known.holds !== holds) {
				throw new Error(`the database ${name} holds ${known.holds}, not ${holds}`);
			}
			await made.sql.unsafe('vacuum analyze');
			await superuser.unsafe('checkpoint');
			return made;
		},
		product: (databaseUrl, settings) =>
			run([process.execPath, 'src/launch.js', 'main'], /(http:\/\/127\.0\.0\.1:\d+)\/api/, {
				DATABASE_URL: databaseUrl,
				// Of its own: products that share an archive would find each other's events in it.
				DATA_DIR: path.join(folder, 'data', new URL(databaseUrl).pathname),
				PORT: '0',
				LOG_LEVEL: 'warn',
				...settings
			}),
		role: (name, args) =>
			run([process.execPath, process.argv[1] ?? '', name, ...args], /listening (\S+)/, { NODE_ENV: 'production' }),
		async close() {
			await Promise.all(contenders.map((contender) => contender.stop()));
			await Promise.all(pools.map((pool) => pool.end({ timeout: 1 })));
			await superuser.end();
			await server.stop();
			if (kept === undefined) await rm(folder, { recursive: true, force: true });
		}
	};
}
