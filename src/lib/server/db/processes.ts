/**
 * The processes of this machine, from /proc or from ps. It answers by their command lines, which every user may read
 * whoever owns the process; what else /proc knows is closed to root in most containers.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface Process {
	pid: number;
	parent: number;
	/** Its command line or title; empty when it is dead and not reaped. */
	command: string;
}

/** Whether a process with this id runs. */
export function isAlive(pid: number): boolean {
	if (!exists(pid)) return false;
	try {
		// A killed process whose parent does not reap it (in a container often nobody does) keeps its id for ever.
		const state = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.charAt(0);
		return state !== 'Z' && state !== 'X';
	} catch {
		// No /proc here, or it ended in this moment.
		return exists(pid);
	}
}

/** Whether this id is taken, be it by a dead process that nobody reaped. */
export function exists(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error instanceof Error && 'code' in error && error.code === 'EPERM';
	}
}

/** kill -9. */
export function endNow(pid: number): void {
	try {
		process.kill(pid, 'SIGKILL');
	} catch {
		// It ended by itself.
	}
}

/** What a process is; undefined where the system does not tell. */
export async function describe(pid: number): Promise<Process | undefined> {
	if (process.platform === 'win32') return undefined;
	if (hasProc()) return (await readProc(String(pid))) ?? { pid, parent: 0, command: '' };
	return (await listByPs(['-p', String(pid)])).at(0) ?? { pid, parent: 0, command: '' };
}

/** All processes; none where the system does not tell. */
export async function processes(): Promise<Process[]> {
	if (process.platform === 'win32') return [];
	if (!hasProc()) return listByPs(['-ax']);
	const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
	return (await Promise.all(pids.map(readProc))).filter((found) => found !== undefined);
}

function hasProc(): boolean {
	return existsSync('/proc/self/stat');
}

async function readProc(pid: string): Promise<Process | undefined> {
	try {
		const command = (await readFile(`/proc/${pid}/cmdline`, 'latin1')).replaceAll('\0', ' ');
		// "pid (name) state parent …", where the name may contain anything.
		const [, parent] = (await readFile(`/proc/${pid}/stat`, 'latin1')).split(') ').at(-1)?.split(' ') ?? [];
		return { pid: Number(pid), parent: Number(parent), command };
	} catch {
		return undefined;
	}
}

async function listByPs(selection: string[]): Promise<Process[]> {
	const fields = ['-o', 'pid=,ppid=,command='];
	const { stdout } = await promisify(execFile)('ps', [...selection, ...fields]).catch(() => ({ stdout: '' }));
	return stdout
		.split('\n')
		.map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
		.filter((match) => match !== null)
		.map(([, pid, parent, command]) => ({ pid: Number(pid), parent: Number(parent), command: command ?? '' }));
}
