/**
 * How long a step usually takes: what "stuck" is measured by. Taken from the completed steps of the latest ended
 * sessions, so that it follows a slower model or another flow within the hour.
 */
import type { Sql } from '../../db/connect';
import type { StepPace } from '../../../live/messages';
import { endedOfShops } from './ended';
import { WHOLE, type View } from './view';

const SESSIONS_CONSIDERED = 500;

/** Median and 95th percentile in milliseconds for each step that has been completed, by the step's name. */
export async function stepPace(sql: Sql, { shops }: View = WHOLE): Promise<StepPace[]> {
	const ended = shops
		? endedOfShops(sql, shops, SESSIONS_CONSIDERED)
		: sql`select session_id from sessions where ended_at is not null order by ended_at desc limit ${SESSIONS_CONSIDERED}`;
	return sql<StepPace[]>`
		select
			step,
			percentile_disc(0.5) within group (order by took)::float8 as "p50Ms",
			percentile_disc(0.95) within group (order by took)::float8 as "p95Ms",
			count(*)::int as samples
		from (
			select
				steps.step,
				coalesce(
					steps.duration_ms,
					floor(extract(epoch from steps.completed_at - steps.started_at) * 1000)::bigint
				) as took
			from (${ended}) as ended
			join session_steps as steps using (session_id)
			where steps.completed_at is not null
		) as measured
		where took >= 0
		group by step
		order by step`;
}
