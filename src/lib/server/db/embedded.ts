/**
 * The PostgreSQL server that comes with the product, for whoever has none. It guarantees a running server on loopback
 * for as long as the app lives: started, or adopted from a killed app, or started again when it dies, always at the
 * same URL; one app a data directory; stopped last and only by its last user. What goes wrong at start is one line.
 */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { StartupError } from '../errors';
import { findBinaries, USE_OWN_SERVER, type Binaries } from './binaries';
import { createCluster, openCluster, passwordFile, readPassword, readPort, writePort, type Cluster } from './cluster';
import { connect } from './connect';
import { Occupancy } from './occupancy';
import { clearRemains, findPostmaster, launch, markOf, requestStop } from './postmaster';
import { freePort, isFree } from './port';
import { isAlive } from './processes';
import { ServerLog } from './server-log';

export interface EmbeddedOptions {
	/** The directory of everything that the product keeps; the server's own is `postgres` in it. */
	dataDir: string;
	/** True for the app, of which there is one a data directory; false for the command line, which shares. */
	exclusive: boolean;
	/** False gives up surviving a crash of the machine: for tests alone. Default true. */
	durable?: boolean;
	log?: { info(message: string): void; warn(message: string): void };
}

export interface Embedded {
	/** For a role that owns the database but is no superuser. Stays valid until stop(), and mostly beyond. */
	url: string;
	/** For the superuser `postgres`: what an operator may need, and tests. */
	superuserUrl: string;
	/** The file with the password of both. */
	passwordFile: string;
	/** Whether the server ran already. */
	adopted: boolean;
	/** Stops the server unless somebody else uses it. */
	stop(): Promise<void>;
}

const ROLE = 'control_room';
/** Recovery after a crash replays up to max_wal_size; on a slow disk that takes a while. */
const START_PATIENCE_MS = 120_000;
const STOP_PATIENCE_MS = 60_000;
const WATCH_MS = 250;
const LONGEST_BACKOFF_MS = 2_000;

/**
 * Starts or adopts the embedded server of a data directory.
 * @throws StartupError with the one line to print.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
	const server = await Server.open(options);
	try {
		return await server.start();
	} catch (error) {
		server.abandon();
		throw error;
	}
}

class Server {
	/** The postmaster that answers now. */
	#pid = 0;
	#port = 0;
	readonly #stopping = new AbortController();
	#watch: Promise<void> = Promise.resolve();

	private constructor(
		private readonly options: EmbeddedOptions,
		private readonly dataDir: string,
		private readonly cluster: Cluster,
		private readonly binaries: Binaries,
		private readonly log: ServerLog
	) {}

	static async open(options: EmbeddedOptions): Promise<Server> {
		const wanted = path.resolve(options.dataDir);
		// Makes the directory, before a name through a symlink can be resolved.
		await openCluster(wanted);
		const dataDir = await realpath(wanted);
		const cluster = await openCluster(dataDir);
		const binaries = await findBinaries(dataDir, cluster.owner);
		const log = new ServerLog(path.join(dataDir, 'postgres.log'), cluster.owner);
		return new Server(options, dataDir, cluster, binaries, log);
	}

	async start(): Promise<Embedded> {
		await createCluster(this.cluster, this.binaries, this.log, this.options.durable ?? true);
		const password = await readPassword(this.cluster);
		const urlOf = (role: string, database: string) =>
			`postgres://${role}:${password}@127.0.0.1:${this.#port}/${database}`;
		const end = Date.now() + START_PATIENCE_MS;
		for (;;) {
			const adopted = await this.#ensure(await readPort(this.cluster), end, 'any');
			try {
				await this.#prepare(urlOf('postgres', 'postgres'), password);
				const occupancy = await Occupancy.take({
					url: urlOf(ROLE, ROLE),
					dataDir: this.dataDir,
					exclusive: this.options.exclusive,
					warn: (message) => this.options.log?.warn(message)
				});
				await writePort(this.cluster, this.#port);
				this.#watch = this.#supervise();
				return {
					url: urlOf(ROLE, ROLE),
					superuserUrl: urlOf('postgres', ROLE),
					passwordFile: passwordFile(this.cluster.directory),
					adopted,
					stop: () => this.#stop(occupancy)
				};
			} catch (error) {
				// Its last user stopped it in this very moment, or it fell: the next round starts it again.
				if (!isConnectionLoss(error) || Date.now() > end) throw this.#unusable(error);
				await pause(100);
			}
		}
	}

	/** After a failed start: lets go of what would keep the process. The server stays for the next start to adopt. */
	abandon(): void {
		this.#stopping.abort();
		this.log.close();
	}

	/**
	 * Returns when the server is ready: whether it ran already.
	 * @param move 'any': another port may be taken where the wanted one is not free; 'never': its URL is in use
	 */
	async #ensure(wanted: number | undefined, end: number, move: 'any' | 'never'): Promise<boolean> {
		let reason = 'it did not become ready in time';
		let adopted = true;
		while (Date.now() < end && !this.#stopping.signal.aborted) {
			const found = await findPostmaster(this.cluster);
			if (found?.status === 'ready') {
				this.#pid = found.pid;
				this.#port = found.port;
				return adopted;
			}
			if (found) {
				await pause(20);
				continue;
			}
			adopted = false;
			await clearRemains(this.cluster);
			const port = wanted !== undefined && (move === 'never' || (await isFree(wanted))) ? wanted : await freePort();
			const failure = await this.#launch(port, end);
			if (failure === undefined) continue;
			reason = failure;
			// Lost against another start of the same cluster, or against another program for the port.
			if (!/lock file|could not bind|Address already in use|shared memory block/i.test(failure)) break;
			await pause(100);
		}
		throw new StartupError(
			`The embedded PostgreSQL in ${this.cluster.directory} did not start: ${reason} (see ${this.log.file}). ${USE_OWN_SERVER}`
		);
	}

	/** Starts the server; undefined when it is ready, else why it ended. */
	async #launch(port: number, end: number): Promise<string | undefined> {
		const from = this.log.size();
		const child = launch(this.cluster, this.binaries, {
			port,
			mark: await markOf(this.cluster),
			durable: this.options.durable ?? true,
			log: this.log
		});
		const seen: { fault?: string; exited?: true } = {};
		child.once('error', (error) => (seen.fault = error.message));
		child.once('exit', () => (seen.exited = true));
		while (seen.fault === undefined && !seen.exited && Date.now() < end) {
			const found = await findPostmaster(this.cluster);
			if (found?.pid === child.pid && found?.status === 'ready') return undefined;
			await pause(10);
		}
		// Read here and not at the exit: that of a server which ran for long comes when the log is closed already.
		return seen.fault ?? (seen.exited ? this.log.reason(from) : 'it did not become ready in time');
	}

	/** Makes the role and the database of the app where they are missing. */
	async #prepare(superuserUrl: string, password: string): Promise<void> {
		const superuser = connect({ url: superuserUrl, application: 'control-room start', max: 1 });
		try {
			const [role] = await superuser`select from pg_roles where rolname = ${ROLE}`;
			// Utility statements take no parameters.
			if (!role) await superuser.unsafe(`create role ${ROLE} login password '${password.replaceAll("'", "''")}'`);
			const [database] = await superuser`select from pg_database where datname = ${ROLE}`;
			if (!database) await superuser.unsafe(`create database ${ROLE} owner ${ROLE}`);
		} catch (cause) {
			if (!isRefusal(cause)) throw cause;
			throw new StartupError(
				`The embedded database in ${this.cluster.directory} does not accept the password kept in it; restore its file control-room.password.`,
				{ cause }
			);
		} finally {
			await superuser.end({ timeout: 1 });
		}
	}

	#unusable(error: unknown): StartupError {
		if (error instanceof StartupError) return error;
		const reason = error instanceof Error ? error.message : String(error);
		return new StartupError(`The embedded PostgreSQL in ${this.cluster.directory} cannot be used: ${reason}.`, {
			cause: error
		});
	}

	/** Starts the server again whenever it is gone, at its port, because its URL is in use. */
	async #supervise(): Promise<void> {
		const signal = this.#stopping.signal;
		let backoff = 100;
		for (;;) {
			await pause(WATCH_MS, undefined, { signal, ref: false }).catch(() => undefined);
			if (signal.aborted) return;
			this.log.bound();
			if (isAlive(this.#pid)) continue;
			this.options.log?.warn(`the embedded PostgreSQL (process ${this.#pid}) ended; starting it again`);
			try {
				await this.#ensure(this.#port, Date.now() + START_PATIENCE_MS, 'never');
				this.options.log?.info(`the embedded PostgreSQL runs again (process ${this.#pid})`);
				backoff = 100;
			} catch (error) {
				this.options.log?.warn(error instanceof Error ? error.message : String(error));
				await pause(backoff, undefined, { signal, ref: false }).catch(() => undefined);
				backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS);
			}
		}
	}

	async #stop(occupancy: Occupancy): Promise<void> {
		if (this.#stopping.signal.aborted) return this.#watch;
		this.#stopping.abort();
		await this.#watch;
		const { last, done } = await occupancy.release();
		// Not the remembered process: the supervisor may have been about to start another.
		const pid = (await findPostmaster(this.cluster))?.pid;
		if (last && pid !== undefined) {
			await requestStop(this.cluster, this.binaries, pid);
			const end = Date.now() + STOP_PATIENCE_MS;
			while (isAlive(pid) && Date.now() < end) await pause(10);
			if (isAlive(pid)) this.options.log?.warn(`the embedded PostgreSQL (process ${pid}) is still shutting down`);
		}
		await done();
		this.log.close();
	}
}

function isConnectionLoss(error: unknown): boolean {
	return (
		error instanceof Error && 'code' in error && /^(CONNECTION_|CONNECT_|ECONN|EPIPE|57P)/.test(String(error.code))
	);
}

/** Wrong password, or no such role. */
function isRefusal(error: unknown): boolean {
	return error instanceof Error && 'code' in error && ['28P01', '28000'].includes(String(error.code));
}
