/**
 * The Control Room's state as changes arrive. Pure, and a merge: rows are kept by their newest version, so any order
 * and any repetition of changes ends in the same state. Bounded, because a wall runs for weeks: ended sessions and
 * errors beyond what a wall can show are dropped.
 */
import type { ErrorCard, WallCard, WallChange, WallState } from './messages';

/** How many rows of each kind a wall keeps. */
export const KEPT = { active: 500, ended: 24, errors: 24 } as const;

/** Is the session still going on? */
export function isActive(session: WallCard): boolean {
	return session.status === 'in_progress';
}

/** When a session ended, or, if nobody said, when it was last heard of. */
export function endOf(session: WallCard): number {
	return session.endedAt ?? session.updatedAt;
}

/** The sessions that ended, the last one first. */
export function endedSessions(sessions: readonly WallCard[]): WallCard[] {
	return newest(
		sessions.filter((session) => !isActive(session)),
		endOf,
		(session) => session.sessionId,
		KEPT.ended
	);
}

/** The state after a change; the given state is left as it is. */
export function applyWall(state: WallState, change: WallChange): WallState {
	return {
		figures: change.figures && change.figures.at >= state.figures.at ? change.figures : state.figures,
		sessions: change.sessions ? mergeSessions(change.replace ? [] : state.sessions, change.sessions) : state.sessions,
		errors: change.errors ? mergeErrors(change.replace ? [] : state.errors, change.errors) : state.errors,
		pace: change.pace ?? state.pace
	};
}

function mergeSessions(known: WallCard[], changed: WallCard[]): WallCard[] {
	const byId = new Map(known.map((session) => [session.sessionId, session]));
	for (const session of changed) {
		const before = byId.get(session.sessionId);
		if (!before || session.version >= before.version) byId.set(session.sessionId, session);
	}
	const all = [...byId.values()];
	return [
		...newest(
			all.filter(isActive),
			(session) => session.updatedAt,
			(session) => session.sessionId,
			KEPT.active
		),
		...endedSessions(all)
	];
}

function mergeErrors(known: ErrorCard[], changed: ErrorCard[]): ErrorCard[] {
	const byKey = new Map([...known, ...changed].map((error) => [errorKey(error), error]));
	return newest(
		[...byKey.values()],
		(error) => error.at,
		(error) => `${error.id} ${error.shop ?? ''}`,
		KEPT.errors
	);
}

/** What tells two errors apart: their event's id is unique only within a shop. */
export function errorKey(error: ErrorCard): string {
	return `${error.shop ?? ''} ${error.id}`;
}

/** The `count` newest rows, newest first; ties by key, the larger one first as in the server's own lists. */
function newest<T>(rows: T[], time: (row: T) => number, key: (row: T) => string, count: number): T[] {
	return rows.sort((a, b) => time(b) - time(a) || (key(a) < key(b) ? 1 : key(a) > key(b) ? -1 : 0)).slice(0, count);
}
