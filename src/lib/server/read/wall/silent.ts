/**
 * Which sessions in progress are really going on. The sweeper closes those that are silent; while a backfill is unfinished
 * it leaves alone what was last heard of before that, and what has come back by halves is not happening now.
 */
import type { Sql } from '../../db/connect';
import type { Millis } from '../../../live/messages';
import { time, type Fragment } from '../columns';

/** Of a relation with the columns of sessions. @param silentSince a session that was last heard of before is silent */
export function isGoingOn(sql: Sql, silentSince: Millis): Fragment {
	return sql`status = 'in_progress' and (
		received_at >= ${time(sql, silentSince)}
		or not exists (
			select from backfill_jobs where state in ('waiting', 'running', 'paused') and not dry_run
		)
	)`;
}
