/** The shops that there are, for filters to choose from. */
import type { Scope } from '../../../query';
import type { Sql } from '../../db/connect';
import { remembered } from '../remembered';

const MOST = 1_000;
const REMEMBERED_MS = 10_000;

/**
 * The domains of the shops with the latest sessions, in alphabetical order; up to 10 seconds old. Who sees some shops
 * alone may choose from these, whether or not they have sent anything yet.
 */
export function shopNames(sql: Sql): (shops: Scope['shops']) => Promise<string[]> {
	const all = remembered(async () => {
		const rows = await sql<{ domain: string }[]>`
			select domain
			from (select domain from shops order by last_session_at desc nulls last limit ${MOST}) as latest
			order by domain`;
		return rows.map(({ domain }) => domain);
	}, REMEMBERED_MS);
	return async (shops) => (shops === null ? all() : [...shops].sort());
}
