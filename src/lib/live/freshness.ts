/**
 * How much a screen may trust what it shows, judged from when it last heard from the server. A heartbeat every
 * 2 seconds proves the whole way from the database; so the age of the last message is the age of the truth, even when
 * nothing happens. Ages are taken from a monotonic clock: a corrected wall clock must not make a dead screen look alive.
 */
import type { Millis, Trouble } from './messages';

/** Amber beyond this: five heartbeats are missing. */
export const STALE_AFTER_MS = 10_000;
/** Beyond this a connection counts as lost, even if the socket still believes in it. */
export const LOST_AFTER_MS = 20_000;
/** A reconnect quicker than this is not worth a banner. */
export const GRACE_MS = 1_500;

/** What is known about the way to the server. Monotonic times are those of performance.now(). */
export interface LinkFacts {
	/** The page was rendered by the server and has not been live yet. */
	everLive: boolean;
	/** Monotonic time of the last message, or of the page's start. */
	heardMono: number;
	/** The same moment by the server's clock. */
	heardAt: Millis;
	/** Monotonic time at which the socket was lost; null while it is open. */
	lostMono: number | null;
	trouble: Trouble | null;
	/** Why the server will not have this client; null while it does. */
	refused: string | null;
}

export type Freshness =
	| { kind: 'first' }
	| { kind: 'live'; ageMs: number }
	| { kind: 'stale'; ageMs: number }
	| { kind: 'disconnected'; since: Millis }
	| { kind: 'trouble'; since: Millis; reason: string }
	| { kind: 'refused'; since: Millis; reason: string };

/** The freshness at monotonic time `mono`. */
export function freshnessOf(facts: LinkFacts, mono: number): Freshness {
	if (facts.refused !== null) return { kind: 'refused', since: facts.heardAt, reason: facts.refused };
	const ageMs = Math.max(0, mono - facts.heardMono);
	const lostMs = facts.lostMono === null ? 0 : mono - facts.lostMono;
	if (facts.everLive && lostMs > GRACE_MS) return { kind: 'disconnected', since: facts.heardAt };
	// A server in trouble stops its heartbeats on purpose: its silence is explained, and the socket tells if it dies too.
	if (facts.trouble) return { kind: 'trouble', ...facts.trouble };
	if (ageMs > LOST_AFTER_MS) return { kind: 'disconnected', since: facts.heardAt };
	if (ageMs > STALE_AFTER_MS) return { kind: 'stale', ageMs };
	return facts.everLive ? { kind: 'live', ageMs } : { kind: 'first' };
}

/** May the values be taken as the present state? */
export function isTrusted(freshness: Freshness): boolean {
	return freshness.kind !== 'disconnected' && freshness.kind !== 'trouble' && freshness.kind !== 'refused';
}
