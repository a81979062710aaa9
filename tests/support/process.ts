/** Runs the real process as an operator does, from the launcher on, and reads what it says. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

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
	/** From its banner. */
	databaseUrl: string;
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

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	await new Promise((resolve) => server.close(resolve));
	if (address === null || typeof address === 'string') throw new Error('a server on a port has no port');
	return address.port;
}

function run(env: NodeJS.ProcessEnv) {
	const child = spawn(process.execPath, ['src/launch.js', 'main'], {
		env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
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
export async function startProcess(env: NodeJS.ProcessEnv): Promise<Running> {
	const { child, ended, stdout, stderr } = run(env);
	onTestFinished(async () => {
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
		databaseUrl: env.DATABASE_URL ?? find(/Database +psql (\S+)/),
		curl: find(/(curl .*)/),
		stdout,
		stderr,
		kill: (signal) => void child.kill(signal),
		ended
	};
}

/** Runs the process with settings with which it must not start, and waits for its end. */
export async function runToEnd(env: NodeJS.ProcessEnv): Promise<Ended> {
	const { child, ended } = run(env);
	onTestFinished(() => void child.kill('SIGKILL'));
	return ended;
}
