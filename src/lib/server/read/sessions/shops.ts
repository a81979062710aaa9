/** Whose sessions are: for whoever may follow those of some shops alone. */
import type { Sql } from '../../db/connect';

/** The shops of these sessions, by session; those that do not exist are left out. */
export async function shopsOfSessions(sql: Sql, sessionIds: string[]): Promise<Map<string, string | null>> {
	const rows = await sql<{ id: string; shop: string | null }[]>`
		select session_id as id, shop_domain as shop from sessions where session_id = any(${sessionIds}::text[])`;
	return new Map(rows.map(({ id, shop }) => [id, shop]));
}
