/**
 * How many sessions a list has. By shop and status over a range it is added up from the tallies, exactly and however
 * many they are; else the rows are counted, up to a bound.
 */
import { partedWords, wordOf } from '../../../query';
import type { Sql } from '../../db/connect';
import type { Fragment } from '../columns';
import { ENDED, endOf, hasOthers, hasTried, tried, walked, walkOf, type SessionList } from './filters';
import type { Counted } from '../keyset';
import { sessionCounts } from '../tallies';

/** Keys alone are counted quickly: a busy day's sessions, to the last. */
const KEYS_COUNTED = 100_000;

/** SQL of the sum that counts the sessions of a status. */
const SUMS: Readonly<Record<string, string>> = {
	in_progress: 'active',
	completed: 'completed',
	abandoned: 'abandoned',
	[ENDED]: 'sessions - active'
};

/** @param few the sessions to look among, if those are few @param most rows that filters are tried on */
export async function countSessions(sql: Sql, list: SessionList, few: string[] | null, most: number): Promise<Counted> {
	const sum = tallied(list);
	if (sum !== null) return { count: await sumOf(sql, list, sum), isLeast: false };
	if (few !== null) {
		const [row] = await sql<{ count: number }[]>`
			select count(*)::int as count
			from (select * from sessions where session_id = any(${few}::text[]) offset 0) as sessions
			where ${walked(sql, list)} and ${tried(sql, list)}`;
		return { count: row?.count ?? 0, isLeast: false };
	}
	const bound = hasTried(list) ? most : KEYS_COUNTED;
	const wanted: Fragment = hasTried(list) ? tried(sql, list) : sql`true`;
	const columns = hasTried(list) ? sql`*` : sql`session_id`;
	const ordered = hasTried(list) ? sql`order by ${sql(list.column)} desc, session_id desc` : sql``;
	const [row] = await sql<{ count: number; looked: number }[]>`
		select count(*)::int as looked, (count(*) filter (where ${wanted}))::int as count
		from (select ${columns} from sessions where ${walked(sql, list)} ${ordered} limit ${bound}) as sessions`;
	return { count: row?.count ?? 0, isLeast: row?.looked === bound };
}

/** SQL of the sum that is the count; null where the tallies do not know it. */
function tallied(list: SessionList): string | null {
	if (list.by !== 'started' || hasOthers(list) || walkOf(list) === 'active') return null;
	const { only, without } = partedWords(list.filters.status);
	// Words come from the address: none of them may name what every object has.
	const sumsOf = (words: readonly string[]) =>
		words.map((word) => (Object.hasOwn(SUMS, word) ? SUMS[word] : undefined));
	const isPlain = only.length === 0 || (only.length === 1 && only[0] === ENDED);
	if (only.includes(ENDED) && !isPlain) return null;
	// Of what is left out all must be in what it is taken from, and be in it once.
	if (without.length > 0 && (!isPlain || new Set(without).size < without.length || without.includes(ENDED)))
		return null;
	if (only.length > 0 && without.includes('in_progress')) return null;
	const [more, less] = [only.length === 0 ? ['sessions'] : sumsOf(only), sumsOf(without)];
	if ([...more, ...less].includes(undefined)) return null;
	return [more.join(' + '), ...less].join(' - ');
}

async function sumOf(sql: Sql, { filters: { shop }, range }: SessionList, sum: string): Promise<number> {
	const span = { from: range.from, to: endOf(range), shop: shop === null ? null : wordOf(shop) };
	const [row] = await sql<{ count: number }[]>`
		select coalesce(sum(${sql.unsafe(sum)}), 0)::int as count from ${sessionCounts(sql, span)} as counted`;
	return row?.count ?? 0;
}
