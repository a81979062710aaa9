/** Which events are in the archive alone, because their months have left the log: what pages say where they are missing. */
import type { Millis } from '../../live/messages';
import type { Sql } from '../db/connect';
import { missingMonths, type MissingMonth } from '../db/log-months';
import { within } from '../db/within';
import { millis } from './columns';

const READ_WITHIN_MS = 10_000;
/** Clocks: of a session's events, as the server received them, to what its row says. */
const SLACK_MS = 86_400_000;

interface Stretch {
	from: Millis;
	to: Millis;
}

/** @param sql a pool that commits do not need */
export function archived(sql: Sql) {
	const missing = () => within(READ_WITHIN_MS, missingMonths(sql));
	return {
		/** Months of which events are missing in the log, of those that a range touches. */
		ofRange: async (range: Stretch): Promise<MissingMonth[]> => touched(await missing(), range),

		/** Those that a session touches; none where nothing is known of it. */
		async ofSession(sessionId: string): Promise<MissingMonth[]> {
			const months = await missing();
			if (months.length === 0 || sessionId.includes('\0')) return [];
			const [span] = await within(
				READ_WITHIN_MS,
				sql<Stretch[]>`
					select
						${millis(sql, 'first_event_at')} - ${SLACK_MS}::float8 as from,
						greatest(${millis(sql, 'updated_at')}, ${millis(sql, 'received_at')}) + ${SLACK_MS}::float8 as to
					from sessions
					where session_id = ${sessionId}`
			);
			return span ? touched(months, span) : [];
		}
	};
}

function touched(months: readonly MissingMonth[], { from, to }: Stretch): MissingMonth[] {
	return months.filter(({ month, archiveTo }) => Date.parse(`${month}-01T00:00:00Z`) < to && archiveTo > from);
}
