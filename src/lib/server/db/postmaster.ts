/**
 * The process of the embedded server: finding it, starting it, ending it. It guarantees that a process is only taken
 * for the server of a cluster when its command line carries the cluster's mark, because process ids are reused, and
 * that no second server starts while processes of a dead one still write.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { StartupError } from '../errors';
import { program, type Binaries } from './binaries';
import { directoryFor, serverEnvironment, type Cluster } from './cluster';
import { describe, endNow, exists, isAlive, processes, type Process } from './processes';
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
	// The full stop keeps one mark from being the beginning of another.
	return `control-room-${dev.toString(36)}-${ino.toString(36)}.`;
}

/** The running server of a cluster, or undefined. */
export async function findPostmaster(cluster: Cluster): Promise<Postmaster | undefined> {
	const { pid, lines } = await readPidFile(cluster);
	if (pid === undefined || !isAlive(pid)) return undefined;
	const { command } = (await describe(pid)) ?? {};
	if (command !== undefined && !command.includes(await markOf(cluster))) return undefined;
	return { pid, port: Number(lines[3]), status: lines[7] ?? '' };
}

/**
 * Makes way for a new server after a crash. Backends of a killed postmaster end by themselves within moments, unless
 * they are in the middle of a long statement; until then they hold its shared memory, and PostgreSQL refuses to start.
 * It refuses as well where postmaster.pid names a process that is a stranger by now, or dead but not reaped.
 * @throws StartupError when such processes cannot be ended.
 */
export async function clearRemains(cluster: Cluster): Promise<void> {
	const started = Date.now();
	for (;;) {
		const orphans = await findOrphans(cluster);
		if (orphans.length === 0) break;
		const waited = Date.now() - started;
		if (waited > ORPHANS_GIVEN_UP_MS) {
			throw new StartupError(`Processes of a dead server still use ${cluster.directory}: ${orphans.join(', ')}.`);
		}
		if (waited > ORPHANS_KILLED_MS) {
			// What they would still commit, crash recovery does as well.
			for (const pid of orphans) endNow(pid);
		}
		await pause(20);
	}
	const { pid } = await readPidFile(cluster);
	if (pid === undefined || !exists(pid) || (await findPostmaster(cluster))) return;
	// A file that was replaced meanwhile belongs to a new server.
	if ((await readPidFile(cluster)).pid === pid)
		await rm(path.join(cluster.directory, 'postmaster.pid'), { force: true });
}

const ORPHANS_KILLED_MS = 300;
const ORPHANS_GIVEN_UP_MS = 10_000;

/** Backends with the mark of the cluster whose postmaster is gone. */
async function findOrphans(cluster: Cluster): Promise<number[]> {
	const mark = await markOf(cluster);
	const ours = (await processes()).filter(({ command }) => command.includes(mark));
	// Backends carry a title; a postmaster its command line.
	const isBackend = ({ command }: Process) => command.startsWith('postgres: ');
	const postmasters = new Set(ours.filter((process) => !isBackend(process)).map(({ pid }) => pid));
	return ours.filter((process) => isBackend(process) && !postmasters.has(process.parent)).map(({ pid }) => pid);
}

async function readPidFile(cluster: Cluster): Promise<{ pid?: number; lines: string[] }> {
	const text = await readFile(path.join(cluster.directory, 'postmaster.pid'), 'utf8').catch(() => '');
	const lines = text.split('\n').map((line) => line.trim());
	const pid = Number(lines[0]);
	return Number.isInteger(pid) && pid > 0 ? { pid, lines } : { lines };
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
