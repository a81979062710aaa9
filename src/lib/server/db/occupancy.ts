/**
 * Who uses the embedded server. It guarantees that one app at a time works on a data directory, that the command line
 * may share the app's server, and that the last user is the one that stops it. Session-level advisory locks on a
 * connection of their own: they die with the process, also by kill -9, and are taken again when the connection is lost
 * while the process lives.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { StartupError } from '../errors';
import { connect, type Sql } from './connect';
import { isAlive } from './processes';

/** The first key of both locks: "room" in ASCII. */
const SPACE = 0x726f6f6d;
/** Held by the one app. */
const APP = 1;
/** Shared by all users; who gets it exclusively is the last. */
const USERS = 2;

const TITLE = 'control-room lock of process';
/** A killed app's backend frees its locks within milliseconds; a slow machine gets this long. */
const PATIENCE_MS = 3_000;

export interface OccupancyOptions {
	url: string;
	/** Named in the refusal. */
	dataDir: string;
	/** False: shares the server with whoever has it. */
	exclusive: boolean;
	warn(message: string): void;
}

export class Occupancy {
	readonly #options: OccupancyOptions;
	readonly #sql: Sql;
	readonly #released = new AbortController();
	#lost = false;
	#keeping = false;

	private constructor(options: OccupancyOptions) {
		this.#options = options;
		this.#sql = connect({
			url: options.url,
			application: `${TITLE} ${process.pid}`,
			max: 1,
			onClose: () => void this.#keep()
		});
	}

	/**
	 * Takes the locks.
	 * @throws StartupError when another app has the data directory; whatever the database throws when it is away.
	 */
	static async take(options: OccupancyOptions): Promise<Occupancy> {
		const occupancy = new Occupancy(options);
		try {
			const end = Date.now() + PATIENCE_MS;
			while (!(await occupancy.#lock())) {
				const holder = await occupancy.#holder();
				if ((holder !== undefined && isAlive(holder)) || Date.now() > end) {
					const who = holder === undefined ? 'Another process' : `Another process (${holder})`;
					throw new StartupError(`${who} is running on the data directory ${options.dataDir} already.`);
				}
				await pause(50);
			}
			return occupancy;
		} catch (error) {
			await occupancy.#end();
			throw error;
		}
	}

	/** Gives the locks back. Resolves to whether nobody uses the server any more; then no other user can come. */
	async release(): Promise<{ last: boolean; done: () => Promise<void> }> {
		this.#released.abort();
		let last: boolean;
		try {
			const [row] = await this.#sql<{ last: boolean }[]>`
				select pg_advisory_unlock_all() is not null, pg_try_advisory_lock(${SPACE}, ${USERS}) as last`;
			last = row?.last ?? true;
		} catch {
			// The server is down already.
			last = true;
		}
		return { last, done: () => this.#end() };
	}

	/** Both locks in one statement, so that a lost connection cannot leave one of them. */
	async #lock(): Promise<boolean> {
		// The shared lock waits while the last user stops the server; then the connection ends, and so does this.
		const [row] = await this.#sql<{ mine: boolean }[]>`
			select pg_advisory_lock_shared(${SPACE}, ${USERS}),
				case when ${this.#options.exclusive} then pg_try_advisory_lock(${SPACE}, ${APP}) else true end as mine`;
		return row?.mine === true;
	}

	/** Takes the locks again after the connection was lost. One loop at a time: a failed attempt is a loss as well. */
	async #keep(): Promise<void> {
		this.#lost = true;
		if (this.#keeping) return;
		this.#keeping = true;
		let warned = false;
		while (this.#lost && !this.#released.signal.aborted) {
			this.#lost = false;
			try {
				if (await this.#lock()) continue;
				this.#lost = true;
				if (!warned) {
					const holder = (await this.#holder()) ?? 'unknown';
					this.#options.warn(`another process (${holder}) took the data directory ${this.#options.dataDir} meanwhile`);
				}
				warned = true;
			} catch {
				// The database is away; its supervisor speaks of that.
				this.#lost = true;
			}
			await pause(200, undefined, { ref: false, signal: this.#released.signal }).catch(() => undefined);
		}
		this.#keeping = false;
	}

	async #holder(): Promise<number | undefined> {
		const [row] = await this.#sql<{ title: string }[]>`
			select application_name as title
			from pg_locks join pg_stat_activity using (pid)
			where locktype = 'advisory' and granted and classid = ${SPACE} and objid = ${APP}
				and pg_locks.database = (select oid from pg_database where datname = current_database())`;
		const pid = Number(row?.title.split(' ').at(-1));
		return Number.isInteger(pid) ? pid : undefined;
	}

	async #end(): Promise<void> {
		this.#released.abort();
		await this.#sql.end({ timeout: 1 });
	}
}
