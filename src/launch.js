/**
 * Starts one of the programs (`node src/launch.js main`, `… cli rebuild`), after building it if there is no current
 * build. Plain JavaScript, because Node 20 runs nothing else. The program runs in this process, so that signals reach it.
 *
 * A build lies in `build/<hash of its sources>`, and appears there whole: it is made in `build/.next` under a lock and
 * then renamed. So two launches at once make one build, and a running process keeps the files of its own.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fingerprint } from './fingerprint.js';

const MIN_NODE = [20, 20];
/** Builds to keep beside the newest: a process of an older one may still run, and loads its pages as they are asked for. */
const KEEP_BUILDS = 5;
const LOCK_POLL_MS = 100;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const next = join(root, 'build', '.next');
const lock = join(root, 'build', '.lock');

/** What the user can mend: one line, no stack. */
class LaunchError extends Error {}

try {
	checkNode();
	// Relative settings are relative to the project, wherever it is started from.
	process.chdir(root);
	const [program = '', ...rest] = process.argv.slice(2);
	if (program === 'build') await currentBuild();
	else if (program === 'main' || program === 'cli') {
		const entry = join(await currentBuild(), `${program}.js`);
		process.argv = [process.argv[0] ?? 'node', entry, ...rest];
		await import(pathToFileURL(entry).href);
	} else throw new LaunchError('Usage: node src/launch.js main | cli <command> | build');
} catch (error) {
	if (!(error instanceof LaunchError)) throw error;
	process.stderr.write(`${error.message}\n`);
	process.exit(1);
}

function checkNode() {
	const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
	const [minMajor = 0, minMinor = 0] = MIN_NODE;
	if (major > minMajor || (major === minMajor && minor >= minMinor)) return;
	throw new LaunchError(`Node ${MIN_NODE.join('.')} or newer is needed; this is ${process.versions.node}.`);
}

/**
 * The folder of the current build, made if there is none.
 * @returns {Promise<string>}
 */
async function currentBuild() {
	const folder = join(root, 'build', fingerprint(root));
	if (existsSync(folder)) return folder;
	mkdirSync(join(root, 'build'), { recursive: true });
	const unlock = await takeLock();
	try {
		// Another launch may have built while this one waited, of other sources by now.
		const name = fingerprint(root);
		const target = join(root, 'build', name);
		if (existsSync(target)) return target;
		await build(name);
		// Sources that changed meanwhile: good for this run, but not what the name promises to the next one.
		const kept = fingerprint(root) === name ? target : `${target}-${process.pid}`;
		renameSync(next, kept);
		removeOldBuilds(kept);
		return kept;
	} finally {
		unlock();
	}
}

/** @param {string} name what the pages are to call it */
async function build(name) {
	const vite = findVite();
	if (process.stderr.isTTY) process.stderr.write('Building, once for this version of the sources …\n');
	rmSync(next, { recursive: true, force: true });
	await run(vite, ['build', '--logLevel', 'warn'], name);
	await run(vite, ['build', '--mode', 'process', '--logLevel', 'warn'], name);
}

/** @returns {string} the path of Vite's program */
function findVite() {
	try {
		return join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js');
	} catch {
		const production = process.env.NODE_ENV === 'production' || process.env.npm_config_omit?.includes('dev');
		const why = production ? ' (NODE_ENV=production and --omit=dev leave them out)' : '';
		throw new LaunchError(
			`There is no current build, and to make one the development dependencies are needed${why}: npm ci --include=dev`
		);
	}
}

/**
 * Runs a program of Node quietly; its output is shown if it fails.
 * @param {string} program
 * @param {string[]} args
 * @param {string} name of the build
 */
async function run(program, args, name) {
	// Not this process's NODE_ENV: a build for production is wanted whatever runs it, tests included.
	const env = { ...process.env, NODE_ENV: 'production', CONTROL_ROOM_BUILD: name };
	const child = spawn(process.execPath, [program, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
	/** @type {Buffer[]} */
	const output = [];
	child.stdout.on('data', (/** @type {Buffer} */ chunk) => output.push(chunk));
	child.stderr.on('data', (/** @type {Buffer} */ chunk) => output.push(chunk));
	await new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('close', resolve);
	});
	if (child.exitCode === 0) return;
	process.stderr.write(Buffer.concat(output));
	throw new LaunchError('The build failed.');
}

/**
 * Waits until no other process builds.
 * @returns {Promise<() => void>} gives the lock back
 */
async function takeLock() {
	for (;;) {
		try {
			writeFileSync(lock, String(process.pid), { flag: 'wx' });
			return () => {
				rmSync(lock, { force: true });
			};
		} catch (error) {
			if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
		}
		if (holderIsGone()) rmSync(lock, { force: true });
		else await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
	}
}

function holderIsGone() {
	try {
		const pid = Number(readFileSync(lock, 'utf8'));
		// Just made, and not written yet.
		if (pid === 0) return false;
		process.kill(pid, 0);
		return false;
	} catch (error) {
		return error instanceof Error && 'code' in error && error.code === 'ESRCH';
	}
}

/** @param {string} current */
function removeOldBuilds(current) {
	const folder = join(root, 'build');
	const others = readdirSync(folder)
		.filter((name) => !name.startsWith('.'))
		.map((name) => join(folder, name))
		.filter((path) => path !== current)
		.sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
	for (const path of others.slice(KEEP_BUILDS)) rmSync(path, { recursive: true, force: true });
}
