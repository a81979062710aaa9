/**
 * The data directory of the embedded server: who owns it, what its secrets are, and its making. It guarantees that
 * `<dataDir>/postgres` is either absent or a whole cluster: initdb works in a draft that is renamed when it is done, so
 * that a kill in the middle, a full disk or two first starts at once leave nothing half made.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { StartupError } from '../errors';
import { program, USE_OWN_SERVER, type Binaries, type Owner } from './binaries';
import type { ServerLog } from './server-log';

/** The embedded cluster of a data directory. */
export interface Cluster {
	/** `<dataDir>/postgres`. */
	directory: string;
	/** Who the server must run as; undefined: the user of this process. */
	owner: Owner | undefined;
}

/** The name of the working directory to a process that may not walk the path to it. */
const WORKING_DIRECTORY = '/proc/self/cwd';

/**
 * Finds out whom the cluster of a data directory belongs to, and makes the data directory itself.
 * @throws StartupError when the directory cannot be used.
 */
export async function openCluster(dataDir: string): Promise<Cluster> {
	const directory = path.join(dataDir, 'postgres');
	try {
		await mkdir(dataDir, { recursive: true });
		const found = await stat(directory).catch((error: unknown) => {
			if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
			throw error;
		});
		return { directory, owner: await ownerOf(directory, found) };
	} catch (cause) {
		if (cause instanceof StartupError) throw cause;
		const reason = cause instanceof Error ? cause.message : String(cause);
		throw new StartupError(`The data directory ${dataDir} cannot be used: ${reason}. ${USE_OWN_SERVER}`, { cause });
	}
}

async function ownerOf(directory: string, found: Owner | undefined): Promise<Owner | undefined> {
	const self = process.getuid?.();
	if (self === undefined) return undefined;
	if (self !== 0) {
		if (found && found.uid !== self) {
			throw new StartupError(
				`The database in ${directory} belongs to another user (uid ${found.uid}); run as that user, or choose another DATA_DIR.`
			);
		}
		return undefined;
	}
	// PostgreSQL refuses to run as root, and an ordinary user may not reach root's directories but through /proc.
	if (!existsSync(WORKING_DIRECTORY)) {
		throw new StartupError(
			`The embedded PostgreSQL cannot run as root on this system; start as an ordinary user. ${USE_OWN_SERVER}`
		);
	}
	if (found && found.uid !== 0) return { uid: found.uid, gid: found.gid };
	const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
	for (const name of ['postgres', 'nobody']) {
		const [, , uid, gid] = users.find((user) => user[0] === name) ?? [];
		if (uid && gid && Number(uid) !== 0) return { uid: Number(uid), gid: Number(gid) };
	}
	throw new StartupError(
		`The embedded PostgreSQL cannot run as root, and this system has no user "postgres" or "nobody"; start as an ordinary user. ${USE_OWN_SERVER}`
	);
}

/**
 * How a server program is told its directory: as root by its working directory, which Node enters before it drops
 * root's rights, so that no parent needs to be open to the owner.
 */
export function directoryFor(directory: string, owner: Owner | undefined): { argument: string; cwd: string } {
	return { argument: owner ? WORKING_DIRECTORY : directory, cwd: directory };
}

/**
 * Runs initdb where there is no cluster yet.
 * @param durable false spares the flush to disk: for tests
 * @throws StartupError with initdb's own reason, or when the cluster is of another major version.
 */
export async function createCluster(
	cluster: Cluster,
	binaries: Binaries,
	log: ServerLog,
	durable: boolean
): Promise<void> {
	const found = await readFile(path.join(cluster.directory, 'PG_VERSION'), 'utf8').catch(() => undefined);
	if (found !== undefined) {
		if (found.trim() === binaries.major) return;
		throw new StartupError(
			`The database in ${cluster.directory} was made by PostgreSQL ${found.trim()}; this build brings ${binaries.major}. Dump it with the old version and restore it.`
		);
	}
	const draft = await mkdtemp(`${cluster.directory}.draft-`);
	const secret = `${draft}.password`;
	try {
		// Hexadecimal, so that it needs no escaping in a URL.
		await writeFile(secret, randomBytes(24).toString('hex'), { mode: 0o600 });
		if (cluster.owner) {
			await chown(secret, cluster.owner.uid, cluster.owner.gid);
			await chown(draft, cluster.owner.uid, cluster.owner.gid);
		}
		await runInitdb(draft, secret, cluster.owner, binaries, log, durable);
		await rename(secret, passwordFile(draft));
		await rename(draft, cluster.directory);
	} catch (error) {
		// Another first start was quicker: its cluster is as good.
		if (existsSync(path.join(cluster.directory, 'PG_VERSION'))) return;
		throw error;
	} finally {
		await rm(draft, { recursive: true, force: true });
		await rm(secret, { force: true });
	}
}

async function runInitdb(
	draft: string,
	secret: string,
	owner: Owner | undefined,
	binaries: Binaries,
	log: ServerLog,
	durable: boolean
): Promise<void> {
	const { argument, cwd } = directoryFor(draft, owner);
	const from = log.size();
	// The owner may open the inherited file, which is its own, but not walk the path to it.
	const password = await open(secret, 'r');
	try {
		const code = await new Promise<number | null>((resolve, reject) => {
			const child = spawn(
				program(binaries, 'initdb'),
				[
					`--pgdata=${argument}`,
					'--username=postgres',
					`--pwfile=${owner ? '/proc/self/fd/3' : secret}`,
					'--auth=scram-sha-256',
					// Without these an unset LANG makes a cluster of SQL_ASCII; the built-in locale is the same on every system.
					'--encoding=UTF8',
					'--locale-provider=builtin',
					'--builtin-locale=C.UTF-8',
					'--locale=C',
					...(durable ? [] : ['--no-sync'])
				],
				{ ...owner, cwd, env: serverEnvironment(), stdio: ['ignore', log.fd, log.fd, password.fd] }
			);
			child.once('error', reject);
			child.once('exit', resolve);
		});
		if (code === 0) return;
	} catch (cause) {
		throw new StartupError(`initdb of the embedded PostgreSQL cannot be run: ${String(cause)}. ${USE_OWN_SERVER}`, {
			cause
		});
	} finally {
		await password.close();
	}
	throw new StartupError(
		`The embedded PostgreSQL could not make its database in ${path.dirname(draft)}: ${log.reason(from)} (see ${log.file}). ${USE_OWN_SERVER}`
	);
}

/** What the server programs inherit: nothing that could change the language of their messages or their directory. */
export function serverEnvironment(): NodeJS.ProcessEnv {
	// Not a setting: handed on as it is.
	// eslint-disable-next-line no-restricted-properties
	const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG|POSTGRES)/.test(name));
	return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}

/**
 * The password of both roles, the app's and the superuser `postgres`.
 * @throws StartupError when its file is lost.
 */
export async function readPassword(cluster: Cluster): Promise<string> {
	try {
		return (await readFile(passwordFile(cluster.directory), 'utf8')).trim();
	} catch (cause) {
		throw new StartupError(
			`The password of the embedded database cannot be read from ${passwordFile(cluster.directory)}.`,
			{
				cause
			}
		);
	}
}

/** The port that the cluster had last, so that a psql URL survives a restart. */
export async function readPort(cluster: Cluster): Promise<number | undefined> {
	const port = Number(await readFile(portFile(cluster.directory), 'utf8').catch(() => ''));
	return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

/** Remembers the port for the next start. */
export async function writePort(cluster: Cluster, port: number): Promise<void> {
	await writeFile(portFile(cluster.directory), `${port}\n`);
	if (cluster.owner) await chown(portFile(cluster.directory), cluster.owner.uid, cluster.owner.gid);
}

/** Where the password lies, for its owner alone to read. Inside the cluster, so that a copy or a backup of it is whole. */
export function passwordFile(directory: string): string {
	return path.join(directory, 'control-room.password');
}

/** Beside it. */
function portFile(directory: string): string {
	return path.join(directory, 'control-room.port');
}
