/**
 * The heartbeat: every two seconds a message to ourselves through the database, from another connection than the one
 * that listens. Only its arrival proves that notices would arrive too. A channel with a name of our own keeps the
 * heartbeats of several processes apart.
 */
import { randomBytes } from 'node:crypto';
import type { Sql } from '../db/connect';
import { within } from '../db/within';
import type { ClockSample } from './clock';

/** What became of one heartbeat. */
export type Beat =
	| { kind: 'heard'; newestCommit: bigint; clock: ClockSample }
	/** The database took it, but it did not arrive. */
	| { kind: 'unheard' }
	| { kind: 'unanswered'; reason: string };

export interface PulseOptions {
	/** Sends the heartbeats. */
	sql: Sql;
	/** Milliseconds between two, and how long each may take. */
	everyMs: number;
	/** Takes the outcome and says whether all is well; if not, the next heartbeat comes sooner. */
	onBeat: (beat: Beat) => boolean;
}

export interface Pulse {
	/** The channel to listen on, whose payloads go to `heard`. */
	channel: string;
	heard(payload: string): void;
	/** Drops the heartbeat that is on its way, which may have missed its listener, and sends another one now. */
	beatNow(): void;
	/** Milliseconds on the way, at the last heartbeat that arrived. */
	lagMs(): number | null;
	stop(): void;
}

const IMPATIENT_SHARE = 0.25;

/** Begins to beat at once. */
export function startPulse(options: PulseOptions): Pulse {
	return new DatabasePulse(options);
}

class DatabasePulse implements Pulse {
	readonly channel = `control_room_pulse_${randomBytes(8).toString('hex')}`;
	readonly #options: PulseOptions;
	#count = 0;
	#awaited: { payload: string; settle: (outcome: 'arrived' | 'dropped') => void } | null = null;
	/** The statement of the last heartbeat, as long as the database has not answered it. */
	#unanswered: Promise<unknown> | null = null;
	#timer: NodeJS.Timeout | undefined;
	#beating = false;
	#again = false;
	#stopped = false;
	#lagMs: number | null = null;

	constructor(options: PulseOptions) {
		this.#options = options;
		this.#timer = setTimeout(() => void this.#turn(), 0);
	}

	heard(payload: string): void {
		if (payload === this.#awaited?.payload) this.#awaited.settle('arrived');
	}

	beatNow(): void {
		if (this.#stopped) return;
		clearTimeout(this.#timer);
		if (!this.#beating) {
			void this.#turn();
			return;
		}
		this.#again = true;
		this.#awaited?.settle('dropped');
	}

	lagMs(): number | null {
		return this.#lagMs;
	}

	stop(): void {
		this.#stopped = true;
		clearTimeout(this.#timer);
		this.#awaited?.settle('dropped');
	}

	async #turn(): Promise<void> {
		const { everyMs, onBeat } = this.#options;
		const began = performance.now();
		this.#beating = true;
		let well = true;
		do {
			this.#again = false;
			const beat = await this.#beat();
			if (this.#isStopped()) return;
			if (beat) well = onBeat(beat);
		} while (this.#mustRepeat());
		this.#beating = false;
		const turnMs = well ? everyMs : everyMs * IMPATIENT_SHARE;
		this.#timer = setTimeout(() => void this.#turn(), Math.max(10, turnMs - (performance.now() - began)));
	}

	/** null when it was dropped. */
	async #beat(): Promise<Beat | null> {
		const { everyMs } = this.#options;
		try {
			// A database that hangs must not find a queue of heartbeats when it wakes.
			if (this.#unanswered) await within(everyMs, this.#unanswered);
			const payload = String(++this.#count);
			const arrival = new Promise<'arrived' | 'dropped'>((settle) => {
				this.#awaited = { payload, settle };
			});
			const began = performance.now();
			const asked = Date.now();
			const row = await within(everyMs, this.#send(payload));
			const answered = Date.now();
			const outcome = await within(everyMs, arrival).catch(() => 'late' as const);
			if (outcome === 'dropped') return null;
			if (outcome === 'late') return { kind: 'unheard' };
			this.#lagMs = performance.now() - began;
			return { kind: 'heard', newestCommit: BigInt(row.newest), clock: { asked, answered, database: row.now } };
		} catch (error) {
			return { kind: 'unanswered', reason: error instanceof Error ? error.message : String(error) };
		} finally {
			this.#awaited = null;
		}
	}

	async #send(payload: string): Promise<{ newest: string; now: number }> {
		const sent = this.#options.sql<{ newest: string; now: number }[]>`
			select
				pg_notify(${this.channel}, ${payload}),
				(select coalesce(max(id), 0) from commits)::text as newest,
				(extract(epoch from clock_timestamp()) * 1000)::float8 as now`.execute();
		const settled = sent.then(
			() => undefined,
			() => undefined
		);
		this.#unanswered = settled;
		const [row] = await sent.finally(() => {
			if (this.#unanswered === settled) this.#unanswered = null;
		});
		if (!row) throw new Error('it gave no row');
		return row;
	}

	// Functions, because the compiler does not see that others change the fields during an await.
	#mustRepeat(): boolean {
		return this.#again;
	}

	#isStopped(): boolean {
		return this.#stopped;
	}
}
