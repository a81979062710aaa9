/**
 * Hears commits, whoever made them, and knows whether it hears. It guarantees that after any loss (a connection that
 * broke, notifications that vanished in the gap, a half-open socket, a payload that nobody can read) `onResync` is
 * called within seconds, and that `hearing` is only said while a message has made the whole way from another connection
 * through the database to this one within the last heartbeat.
 */
import type { Logger } from 'pino';
import type { Sql } from '../db/connect';
import { CHANNEL, type CommitNotice } from '../db/notice';
import { DatabaseClock } from './clock';
import { openEar, type Ear } from './ear';
import { parseNotice } from './payload';
import { startPulse, type Beat, type Pulse } from './pulse';

/** Whether commits are heard; if not, since when (milliseconds since 1970) and why, in words for a person. */
export type Hearing = { hearing: true } | { hearing: false; since: number; reason: string };

export interface ListenerOptions {
	/** For the connection that listens. */
	url: string;
	/** Its name in pg_stat_activity. */
	application: string;
	/** Another pool of the same database: sends the heartbeats. */
	sql: Sql;
	/** A commit, `at` by this process's clock. */
	onNotice: (notice: CommitNotice) => void;
	/** Something may have been missed: read everything again. */
	onResync: () => void;
	/** The state, at each heartbeat and at once when it changes. */
	onState: (state: Hearing) => void;
	log: Pick<Logger, 'info' | 'warn'>;
	channel?: string;
	/** Milliseconds between heartbeats, and the longest time that one may take. Default 2,000. */
	beatMs?: number;
}

export interface Listener {
	state(): Hearing;
	/** Milliseconds from sending a heartbeat to hearing it, at the last one; null before the first. */
	lagMs(): number | null;
	stop(): void;
}

/** Listens until stopped, through every loss of the database; it may be away at the start as well. */
export function startListener(options: ListenerOptions): Listener {
	return new CommitListener(options);
}

class CommitListener implements Listener {
	readonly #options: ListenerOptions;
	readonly #clock = new DatabaseClock();
	readonly #pulse: Pulse;
	#ear: Ear;
	#earOpenedAt = 0;
	#state: Hearing = { hearing: false, since: Date.now(), reason: 'the server is just starting' };
	/** The newest commit that a notice told of, or that was there before the last resync. */
	#newest = 0n;
	/** Listening began, and no heartbeat has been heard since: what is there by then, the resync has covered. */
	#begun = true;

	constructor(options: ListenerOptions) {
		this.#options = options;
		this.#pulse = startPulse({
			sql: options.sql,
			everyMs: options.beatMs ?? 2_000,
			onBeat: (beat) => {
				this.#judge(beat);
				return this.#state.hearing;
			}
		});
		this.#ear = this.#listen();
	}

	state(): Hearing {
		return this.#state;
	}

	lagMs(): number | null {
		return this.#pulse.lagMs();
	}

	stop(): void {
		this.#pulse.stop();
		this.#ear.close();
	}

	#listen(): Ear {
		this.#earOpenedAt = Date.now();
		return openEar({
			url: this.#options.url,
			application: this.#options.application,
			channels: {
				[this.#options.channel ?? CHANNEL]: (payload) => {
					this.#hear(payload);
				},
				[this.#pulse.channel]: (payload) => {
					this.#pulse.heard(payload);
				}
			},
			onListening: () => {
				this.#begun = true;
				this.#options.onResync();
				this.#pulse.beatNow();
			},
			onFault: (error) => {
				this.#options.log.warn({ err: error }, 'cannot listen for commits yet');
			}
		});
	}

	#hear(payload: string): void {
		const notice = parseNotice(payload);
		if (!notice) {
			this.#options.log.warn({ payload: payload.slice(0, 200) }, 'a notification that is no notice of a commit');
			this.#options.onResync();
			return;
		}
		const id = BigInt(notice.commit);
		if (id > this.#newest) this.#newest = id;
		this.#options.onNotice({ ...notice, at: notice.at + this.#clock.offset() });
	}

	#judge(beat: Beat): void {
		switch (beat.kind) {
			case 'heard':
				this.#clock.learn(beat.clock);
				this.#checkNewest(beat.newestCommit);
				this.#become({ hearing: true });
				return;
			case 'unheard':
				this.#replaceEar();
				this.#become(this.#deaf('the database answers, but its notifications do not arrive'));
				return;
			case 'unanswered':
				// The library gathers one more LISTEN at each failed attempt to reconnect: not for hours.
				if (Date.now() - this.#earOpenedAt > 5_000) this.#replaceEar();
				this.#become(this.#deaf('the database does not answer'), beat.reason);
		}
	}

	/**
	 * Notifications come in the order of commits, and the heartbeat was sent by a statement that saw this commit: when
	 * the heartbeat is here and the commit's notice is not, then it never comes.
	 */
	#checkNewest(newestCommit: bigint): void {
		if (newestCommit > this.#newest) {
			this.#newest = newestCommit;
			if (!this.#begun) {
				this.#options.log.warn(
					{ commit: String(newestCommit) },
					'a commit of which no notice came; reading everything again'
				);
				this.#options.onResync();
			}
		}
		this.#begun = false;
	}

	#replaceEar(): void {
		this.#ear.close();
		this.#ear = this.#listen();
	}

	#deaf(reason: string): Hearing {
		return { hearing: false, since: this.#state.hearing ? Date.now() : this.#state.since, reason };
	}

	/** @param fault the driver's words, for the log alone: walls hang where strangers stand, and are told the reason */
	#become(state: Hearing, fault?: string): void {
		const before = this.#state;
		this.#state = state;
		if (state.hearing && !before.hearing) this.#options.log.info({}, 'hears commits');
		if (!state.hearing && before.hearing)
			this.#options.log.warn({ reason: state.reason, fault }, 'does not hear commits');
		this.#options.onState(state);
	}
}
