/** A shop as it is spelt in the log: domains are the same in capitals. */
import type { Sql } from '../db/connect';
import { lowerAscii } from './subject';

/** All spellings, the given one among them. */
export async function spellings(sql: Sql, shop: string): Promise<string[]> {
	const rows = await sql<{ domain: string }[]>`
		select domain from shops where lower(domain collate "C") = ${lowerAscii(shop)}`;
	return [...new Set([shop, ...rows.map(({ domain }) => domain)])];
}
