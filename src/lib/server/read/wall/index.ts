/** All that the Control Room shows, read at once. */
import type { Figures, Millis, StepPace, WallState } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { activeCards, endedCards } from './cards';
import { latestErrors } from './errors';
import type { View } from './view';

/**
 * The state of the wall of a view, with what its sessions cost. Figures and pace come from their caches, which know how old they may be.
 * @param silentSince a session that was last heard of before is silent
 */
export async function wall(
	sql: Sql,
	silentSince: Millis,
	view: View,
	cached: { figures: () => Promise<Figures>; pace: () => Promise<StepPace[]> }
): Promise<WallState> {
	const [figures, active, ended, errors, pace] = await Promise.all([
		cached.figures(),
		activeCards(sql, silentSince, view),
		endedCards(sql, view),
		latestErrors(sql, view),
		cached.pace()
	]);
	// Between the two lists a session may have ended: the later read is the newer state.
	const over = new Set(ended.map((card) => card.sessionId));
	return { figures, sessions: [...active.filter((card) => !over.has(card.sessionId)), ...ended], errors, pace };
}
