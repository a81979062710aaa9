/**
 * The process of the embedded server: finding it, starting it, ending it. It guarantees that a process is only taken
 * for the server of a cluster when its command line carries the cluster's mark, because process ids are reused, and
 * that no second server starts while processes of a dead one still write.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { program, type Binaries } from './binaries';
import { directoryFor, serverEnvironment, type Cluster } from './cluster';
import type { ServerLog } from './server-log';
import { serverSettings } from './server-settings';

/** What postmaster.pid says. */
export interface Postmaster {
	pid: number;
	port: number;
	/** "starting", "ready", "stopping" or "standby"; empty while the file is being written. */
	status: string;
}

/**
 * The mark of a cluster, which PostgreSQL shows in the titles of all its processes. Made of the directory's inode, so
 * that it survives a renamed parent and differs for a copy of the directory.
 */
export async function markOf(cluster: Cluster): Promise<string> {
	const { dev, ino } = await stat(cluster.directory, { bigint: true });
	return `control-room-${dev.toString(36)}-${ino.toString(36)}`;
}

/** The running server of a cluster, or undefined. Removes a postmaster.pid whose id belongs to a stranger by now. */
export async function findPostmaster(cluster: Cluster): Promise<Postmaster | undefined> {
	const file = path.join(cluster.directory, 'postmaster.pid');
	const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').map((line) => line.trim());
	const pid = Number(lines[0]);
	// PostgreSQL itself clears a file whose process is gone.
	if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
	const command = await commandOf(pid);
	if (command !== undefined && !command.includes(await markOf(cluster))) {
		await leftovers(cluster, 10_000);
		await rm(file, { force: true });
		return undefined;
	}
	return { pid, port: Number(lines[3]), status: lines[7] ?? '' };
}

/** Starts the server in a session of its own, so that a Ctrl-C in the terminal does not end it before the drain. */
export function launch(cluster: Cluster, binaries: Binaries, settings: Settings): ChildProcess {
	const { argument, cwd } = directoryFor(cluster.directory, cluster.owner);
	const all = { ...serverSettings(settings.durable), port: String(settings.port), cluster_name: settings.mark };
	const child = spawn(
		program(binaries, 'postgres'),
		['-D', argument, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
		{
			...cluster.owner,
			cwd,
			env: serverEnvironment(),
			detached: true,
			stdio: ['ignore', settings.log.fd, settings.log.fd]
		}
	);
	child.unref();
	return child;
}

export interface Settings {
	port: number;
	mark: string;
	durable: boolean;
	log: ServerLog;
}

/** Asks for a fast shutdown: sessions end, a checkpoint is written. */
export async function requestStop(cluster: Cluster, binaries: Binaries, pid: number): Promise<void> {
	if (process.platform === 'win32') {
		// Windows has no SIGINT for another process; pg_ctl knows the server's pipe.
		await promisify(execFile)(program(binaries, 'pg_ctl'), ['kill', 'INT', String(pid)]);
		return;
	}
	if ((await findPostmaster(cluster))?.pid === pid) process.kill(pid, 'SIGINT');
}

/**
 * Waits until no process of the cluster is left, at most `patienceMs`. After a kill -9 of the postmaster its children
 * end by themselves within moments; until then they hold its shared memory, and a new server would refuse to start.
 */
export async function leftovers(cluster: Cluster, patienceMs: number): Promise<void> {
	const mark = await markOf(cluster);
	const end = Date.now() + patienceMs;
	while (Date.now() < end && (await commands()).some((command) => command.includes(mark))) await pause(20);
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error instanceof Error && 'code' in error && error.code === 'EPERM';
	}
}

/** The command line of a process; undefined where the system does not tell. */
async function commandOf(pid: number): Promise<string | undefined> {
	if (existsSync('/proc/self/cmdline')) return readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
	if (process.platform === 'win32') return undefined;
	const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({
		stdout: ''
	}));
	return stdout;
}

async function commands(): Promise<string[]> {
	if (existsSync('/proc/self/cmdline')) {
		const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
		return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')));
	}
	if (process.platform === 'win32') return [];
	const { stdout } = await promisify(execFile)('ps', ['-axo', 'command=']).catch(() => ({ stdout: '' }));
	return stdout.split('\n');
}
