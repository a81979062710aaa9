/** Builds and runs embedded-app.ts as a process of its own, the way the product runs: bundled, with plain Node. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'vite';

export interface Built {
	script: string;
	remove(): Promise<void>;
}

/** Bundles the app into a folder below the checkout, where Node finds its packages. */
export async function buildEmbeddedApp(): Promise<Built> {
	const folder = await mkdtemp(path.resolve('node_modules', '.embedded-app-'));
	await build({
		configFile: false,
		logLevel: 'warn',
		build: { ssr: 'tests/support/embedded-app.ts', outDir: folder, emptyOutDir: false, target: 'node20' }
	});
	return {
		script: path.join(folder, 'embedded-app.js'),
		remove: () => rm(folder, { recursive: true, force: true })
	};
}

export interface Started {
	process: ChildProcess;
	url: string;
	superuserUrl: string;
	adopted: boolean;
}

export interface StartOptions {
	script: string;
	dataDir: string;
	/** Shares the server, as the command line does. */
	share?: boolean;
	/** Runs as this user and group. */
	uid?: number;
	env?: NodeJS.ProcessEnv;
}

const running = new Set<ChildProcess>();

/** Starts the app; resolves when it is ready, or to the lines that it said when it ended instead. */
export async function startApp(options: StartOptions): Promise<Started | { code: number | null; said: string }> {
	const child = spawn(process.execPath, [options.script, options.dataDir, ...(options.share ? ['share'] : [])], {
		stdio: ['ignore', 'pipe', 'pipe'],
		cwd: '/',
		env: options.env ?? process.env,
		...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid })
	});
	running.add(child);
	let said = '';
	child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
	return new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code) => {
			running.delete(child);
			resolve({ code, said });
		});
		child.stdout.setEncoding('utf8').once('data', (line: string) => {
			const { url, superuserUrl, adopted } = JSON.parse(line) as Omit<Started, 'process'>;
			resolve({ process: child, url, superuserUrl, adopted });
		});
	});
}

/** Starts the app where it must succeed. */
export async function startedApp(options: StartOptions): Promise<Started> {
	const outcome = await startApp(options);
	if ('process' in outcome) return outcome;
	throw new Error(`the app ended with ${outcome.code}: ${outcome.said}`);
}

/** Sends the signal and waits for the end; resolves to the exit code. */
export async function endApp({ process: child }: Started, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
	if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
	const ended = once(child, 'exit');
	child.kill(signal);
	await ended;
	return child.exitCode;
}

/** Ends what a failed test left behind. */
export async function endAllApps(): Promise<void> {
	for (const child of running) await endApp({ process: child, url: '', superuserUrl: '', adopted: false });
}

/** The process id of the server on a data directory; undefined when none runs. */
export async function postmasterOf(dataDir: string): Promise<number | undefined> {
	const file = path.join(dataDir, 'postgres', 'postmaster.pid');
	const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
	return pid > 0 ? pid : undefined;
}
