/** The shops that there are, for filters to choose from. */
import type { Sql } from '../../db/connect';
import { remembered } from '../remembered';

const MOST = 1_000;
const REMEMBERED_MS = 10_000;

/** The domains of the shops with the latest sessions, in alphabetical order; up to 10 seconds old. */
export function shopNames(sql: Sql): () => Promise<string[]> {
	return remembered(async () => {
		const rows = await sql<{ domain: string }[]>`
			select domain
			from (select domain from shops order by last_session_at desc nulls last limit ${MOST}) as latest
			order by domain`;
		return rows.map(({ domain }) => domain);
	}, REMEMBERED_MS);
}
