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
	stop(): Promise<void>;
}

export interface Stage {
	/** A fresh migrated database. */
	database(name: string): Promise<{ url: string; sql: Sql }>;
	/** The product itself, as `npm start` runs it. */
	product(databaseUrl: string): Promise<Contender>;
	/** Another role of this benchmark as a process, which prints `listening <address>` when it is ready. */
	role(name: string, args: readonly string[]): Promise<Contender>;
	/** Where the server's settings can be changed. */
	superuser: Sql;
	/** The server's log. */
	logFile: string;
	close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'control-room-bench-'));
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
			async stop() {
				child.kill('SIGTERM');
				await ended;
			}
		};
		contenders.push(contender);
		return contender;
	}

	return {
		superuser,
		logFile: path.join(folder, 'postgres.log'),
		async database(name) {
			await superuser.unsafe(`create database ${name} owner control_room`);
			const url = Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
			const sql = connect({ url, application: 'bench', max: 2 });
			pools.push(sql);
			await migrate(sql);
			return { url, sql };
		},
		product: (databaseUrl) =>
			run([process.execPath, 'src/launch.js', 'main'], /(http:\/\/127\.0\.0\.1:\d+)\/api/, {
				DATABASE_URL: databaseUrl,
				PORT: '0',
				LOG_LEVEL: 'warn'
			}),
		role: (name, args) =>
			run([process.execPath, process.argv[1] ?? '', name, ...args], /listening (\S+)/, { NODE_ENV: 'production' }),
		async close() {
			await Promise.all(contenders.map((contender) => contender.stop()));
			await Promise.all(pools.map((pool) => pool.end({ timeout: 1 })));
			await superuser.end();
			await server.stop();
			await rm(folder, { recursive: true, force: true });
		}
	};
}
