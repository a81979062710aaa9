/** Runs the real process as an operator does, from the launcher on, and reads what it says. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { randomInt, randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, onTestFinished } from 'vitest';

export interface Ended {
	code: number | null;
	signal: NodeJS.Signals | null;
	stdout: string;
	stderr: string;
}

export interface Running {
	pid: number;
	/** From its banner. */
	address: string;
	/** From its banner, with the password that stands in a file. */
	databaseUrl: string;
	/** The command that opens the database, from its banner. */
	psql: string;
	/** The command for a first event, from its banner. */
	curl: string;
	stdout: () => string;
	stderr: () => string;
	kill: (signal: NodeJS.Signals) => void;
	ended: Promise<Ended>;
}

/** A folder with a space in its name that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'control room '));
	onTestFinished(() => rm(folder, { recursive: true, force: true }));
	return folder;
}

/**
 * A port of 127.0.0.1 that nobody has. It stays free while the process that had it is started again: systems take no port
 * from this range for whoever asks for any, nor for the near end of a connection.
 */
export async function freePort(): Promise<number> {
	for (;;) {
		const port = randomInt(20_000, 30_000);
		const server = createServer();
		const isFree = await new Promise<boolean>((resolve) => {
			server.once('error', () => {
				resolve(false);
			});
			server.listen(port, '127.0.0.1', () => {
				resolve(true);
			});
		});
		if (!isFree) continue;
		await new Promise((resolve) => server.close(resolve));
		return port;
	}
}

/** Has something done later: after the test, unless somebody knows better. */
type Later = (end: () => Promise<void>) => void;

/** A process without a data directory of its own would archive into the checkout's. */
function archiveOfItsOwn(later: Later): { ARCHIVE_URL: string } {
	const folder = join(tmpdir(), `control-room-archive-${randomUUID()}`);
	later(() => rm(folder, { recursive: true, force: true }));
	return { ARCHIVE_URL: pathToFileURL(folder).href };
}

function run(env: NodeJS.ProcessEnv, later: Later) {
	const child = spawn(process.execPath, ['src/launch.js', 'main'], {
		env: {
			PATH: process.env.PATH,
			HOME: process.env.HOME,
			...(env.DATA_DIR === undefined ? archiveOfItsOwn(later) : {}),
			...env
		},
		stdio: ['ignore', 'pipe', 'pipe']
	});
	let stdout = '';
	let stderr = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
	child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
	const ended = new Promise<Ended>((resolve) => {
		child.once('close', (code, signal) => {
			resolve({ code, signal, stdout, stderr });
		});
	});
	return { child, ended, stdout: () => stdout, stderr: () => stderr };
}

/**
 * Starts the process with these settings and waits until it is ready. It is ended after the test, if it still runs.
 * @throws when it ends instead, with all that it said
 */
export async function startProcess(env: NodeJS.ProcessEnv, later: Later = onTestFinished): Promise<Running> {
	const { child, ended, stdout, stderr } = run(env, later);
	later(async () => {
		if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
		await ended;
	});
	await new Promise<void>((resolve, reject) => {
		child.stdout.on('data', () => {
			if (/curl .*\n/.test(stdout())) resolve();
		});
		void ended.then((end) => {
			reject(new Error(`The process ended instead of starting: ${JSON.stringify(end)}`));
		});
	});
	const find = (pattern: RegExp): string => pattern.exec(stdout())?.[1] ?? '';
	return {
		pid: child.pid ?? 0,
		address: find(/Control Room +(\S+)/),
		databaseUrl: env.DATABASE_URL ?? databaseIn(stdout()),
		psql: find(/Database +(.*)/),
		curl: find(/(curl .*)/),
		stdout,
		stderr,
		kill: (signal) => void child.kill(signal),
		ended
	};
}

/** The URL of an embedded database. */
function databaseIn(banner: string): string {
	const [, file = '', url = ''] = /Database +PGPASSWORD="\$\(cat '(.*)'\)" psql (\S+)/.exec(banner) ?? [];
	return Object.assign(new URL(url), { password: readFileSync(file, 'utf8') }).href;
}

/**
 * One process for all tests of a file, where none minds what another did. Call it at the top of the file; what it
 * returns is asked within tests.
 */
export function useProcess(settings: () => Promise<NodeJS.ProcessEnv>): () => Running {
	const ends: Parameters<Later>[0][] = [];
	let running: Running | undefined;
	beforeAll(async () => {
		running = await startProcess(await settings(), (end) => void ends.push(end));
	});
	afterAll(async () => {
		for (const end of ends.reverse()) await end();
	});
	return () => {
		if (!running) throw new Error('the process runs from the first test on');
		return running;
	};
}

/** Runs the process with settings with which it must not start, and waits for its end. */
export async function runToEnd(env: NodeJS.ProcessEnv): Promise<Ended> {
	const { child, ended } = run(env, onTestFinished);
	onTestFinished(() => void child.kill('SIGKILL'));
	return ended;
}
