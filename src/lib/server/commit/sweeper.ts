/**
 * Closes silent sessions: a session of which the server heard nothing for the timeout gets an event of the server's own,
 * `session_timed_out`, through the same commit as all events. So the log stays the truth, and the fold decides.
 *
 * However many nodes sweep, one event is made: an advisory lock lets one of them look at a time, and the event's id
 * follows from the session and its latest sign of life, so that even a second look could not make a second event.
 *
 * While a backfill is unfinished, sessions that were last heard of before it was asked for are left alone: their ends may
 * be among what has yet to come back.
 *
 * Silence is measured by the server's clock. The event itself is dated by the session's own: the timeout after its latest
 * event, so that a later event of a client whose clock is wrong still comes after it.
 */
import { hash } from 'node:crypto';
import { SESSION_TIMED_OUT } from '../../events/vocabulary';
import type { Sql } from '../db/connect';
import type { CommitOutcome } from './queue';
import { describe } from './faults';
import { batchOf, logRow, type Batch } from './rows';

export interface SweeperOptions {
	sql: Sql;
	commit: (batch: Batch, deadline: number) => Promise<CommitOutcome>;
	timeoutMs: number;
	log: { warn(message: string): void };
}

const LOCK = 7_403_211;
const MOST_AT_ONCE = 500;
const COMMIT_WITHIN_MS = 30_000;

/** A session as far as its timeout follows from it. */
export interface SilentSession {
	session_id: string;
	shop_domain: string | null;
	/** The stamp of its latest client event. */
	last_sign: string;
	/** The time of its latest event. */
	updated_at: Date;
}

export interface Sweeper {
	/** Closes all that is silent now; returns how many sessions that were. */
	sweep(): Promise<number>;
	stop(): Promise<void>;
}

/** Sweeps every so often until stopped: at least six times within a timeout, at most each 15 seconds. */
export function startSweeper({ sql, commit, timeoutMs, log }: SweeperOptions): Sweeper {
	let running: Promise<number> | null = null;
	let stopping = false;

	/** Round after round, because sessions can fall silent faster than one round in a while would close them. */
	async function sweepAll(): Promise<number> {
		let closed = 0;
		for (;;) {
			const { found, accepted } = await sweepSome();
			closed += accepted;
			// None accepted: another node has closed the same ones, and goes on with the others.
			if (found < MOST_AT_ONCE || accepted === 0 || stopping) return closed;
		}
	}

	async function sweepSome(): Promise<{ found: number; accepted: number }> {
		const now = Date.now();
		const silent = await silentSessions(sql, now - timeoutMs);
		if (silent.length === 0) return { found: 0, accepted: 0 };
		const events = silent.map((session) => timeoutEvent(session, timeoutMs, now));
		const outcome = await commit(batchOf('sweep', events), now + COMMIT_WITHIN_MS);
		if ('code' in outcome) throw new Error(outcome.message);
		return { found: silent.length, accepted: outcome.accepted };
	}

	function sweep(): Promise<number> {
		running ??= sweepAll().finally(() => (running = null));
		return running;
	}

	const timer = setInterval(
		() => {
			sweep().catch((error: unknown) => log.warn(`silent sessions could not be closed: ${describe(error)}`));
		},
		Math.min(15_000, timeoutMs / 6)
	);
	timer.unref();
	return {
		sweep,
		async stop() {
			stopping = true;
			clearInterval(timer);
			await running?.catch(() => undefined);
		}
	};
}

/** Sessions in progress of which nothing came since `before`; none while another node looks. */
function silentSessions(sql: Sql, before: number): Promise<SilentSession[]> {
	return sql<SilentSession[]>`
		with turn as materialized (select pg_try_advisory_xact_lock(${LOCK}) as mine)
		select session_id, shop_domain, coalesce(client_lww[1], '') as last_sign, updated_at
		from turn, sessions
		where turn.mine and status = 'in_progress' and received_at < ${new Date(before)}
			and received_at >= coalesce(
				(select max(created_at) from backfill_jobs where state in ('waiting', 'running', 'paused') and not dry_run),
				'-infinity'
			)
		order by received_at
		limit ${MOST_AT_ONCE}`;
}

/** The event by which the server closes a silent session, noticed at `now`. */
export function timeoutEvent(session: SilentSession, timeoutMs: number, now: number) {
	const last = session.updated_at.getTime();
	return logRow({
		id: `t_${hash('sha256', `${session.session_id}\n${session.last_sign}`, 'base64url').slice(0, 22)}`,
		type: SESSION_TIMED_OUT,
		sessionId: session.session_id,
		shopDomain: session.shop_domain,
		timestamp: null,
		data: { lastEventAt: session.updated_at.toISOString(), silentMs: timeoutMs },
		deviceContext: null,
		extra: null,
		userAgent: null,
		ip: null,
		clientTime: Math.min(last + timeoutMs, now),
		clockShiftMs: 0,
		serverTime: now
	});
}
