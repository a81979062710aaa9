/**
 * Errors of a range, in groups: the same code, and the same message but for its numbers and ids. Counts, shops and
 * trends come from the tallies and are exact under every filter. A list by count goes on with the range that it began
 * with, so that groups keep their places while errors arrive.
 */
import { buckets, fault, isFault, readCursor, writeCursor, type Buckets, type FilterValues, type QueryFault, type Scope } from '../../../query'; // prettier-ignore
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { beginning, millis, type Fragment } from '../columns';
import { knownGroups } from './known';
import { sessionsHit, shopsHit } from './hit';
import { ERROR_LIST_FILTERS, groupedErrors, uncounted, type CountedFilters, type Stretch } from './questions';
import { descending, listPage, micros, momentFault, type ListPage } from '../keyset';
import { bucketOf } from '../tallies';

/** What is not counted is read too, so that it can be refused: groups never pretend to be filtered by it. */
export const ERROR_GROUP_FILTERS = { ...ERROR_LIST_FILTERS, sort: 'text' } as const;

export type GroupState = 'open' | 'acknowledged' | 'resolved' | 'came_back';

export interface ErrorGroupRow {
	group: string;
	code: string | null;
	/** The message without what differs from one occurrence to the next. */
	shape: string | null;
	/** Errors in the range. */
	errors: number;
	/** The same by bucket of `times`. */
	trend: number[];
	/** Sessions with such an error in the range. */
	sessions: number;
	/** Counting them stopped there. */
	sessionsAtLeast: boolean;
	/** Shops with such an error in the range. */
	shops: number;
	/** Those of its errors in the range, the most frequent first; '' for no step. */
	severities: string[];
	steps: string[];
	/** Ever, whatever the range. */
	firstSeenAt: Millis;
	lastSeenAt: Millis;
	state: GroupState;
	acknowledgedBy: string | null;
	resolvedBy: string | null;
	/** The session that it was last seen in. */
	exampleSession: string | null;
}

export interface ErrorGroupList extends ListPage<ErrorGroupRow> {
	/** All groups that match. */
	count: number;
	times: Buckets;
	/** What was counted: the range when the list was begun. */
	range: Stretch;
}

export interface ErrorGroupsAsked {
	now: Millis;
	zone: string;
	range: Stretch;
	filters: FilterValues<typeof ERROR_GROUP_FILTERS>;
	cursor: string | null;
	limit?: number;
	scope: Scope['scope'];
}

type Read = Omit<ErrorGroupRow, 'trend'> & { place: number; count: number; trend: [bucket: number, errors: number][] };

const READ_WITHIN_MS = 10_000;
/** Buckets of a trend: as many as a row of small bars can show. */
const TREND_BUCKETS = 32;
const WORDS_SHOWN = 4;
/** Longer than every range that can be asked for. */
const LONGEST_MS = 6 * 366 * 86_400_000;

/** A page of the groups that match, by their count or by when they were last seen. */
export async function errorGroups(
	sql: Sql,
	{ now, zone, range: asked, filters, cursor: text, limit = 50, scope }: ErrorGroupsAsked
): Promise<ErrorGroupList | QueryFault> {
	const { sort, ...own } = filters;
	const unknown = uncounted(own);
	if (unknown) return fault(unknown, `Groups are not counted by ${unknown}. Ask for single errors.`);
	if (sort !== null && sort !== 'seen' && sort !== 'count') {
		return fault('sort', '“sort” must be count or seen.');
	}
	const shape = { list: 'error groups', sort: sort ?? 'count', key: ['number', 'number', 'number', 'text'] } as const;
	const cursor = readCursor(text, shape);
	if (isFault(cursor)) return cursor;
	const [from = asked.from, to = asked.to, value, group] = cursor?.key ?? [];
	// Of a made-up range there could be more buckets than anybody can count.
	const isRange = from < to && to - from <= LONGEST_MS;
	const wrong = momentFault(isRange ? from * 1000 : NaN, to * 1000);
	if (wrong) return wrong;
	const range = { from, to };
	const times = buckets(range, zone, now, TREND_BUCKETS);
	const { way, beyond } = descending(sql, cursor);
	const place = sort === 'seen' ? micros(sql, 'known.last_seen_at') : sql`summed.errors`;
	const read = await within(
		READ_WITHIN_MS,
		sql<Read[]>`
			with sums as materialized (
				select group_key, bucket, severity, step, sum(errors::float8) as errors
				from (
					select group_key, ${bucketOf(sql, times.edges)} as bucket, severity, step, errors
					from ${groupedErrors(sql, range, own, times.edges)} as matching
				) as counted
				group by group_key, bucket, severity, step
			),
			summed as materialized (select group_key, sum(errors) as errors from sums group by group_key),
			chosen as materialized (
				select known.*, summed.errors, ${place} as place
				from summed join ${knownGroups(sql, scope)} as known using (group_key)
				where ${value === undefined ? sql`true` : sql`(${place}, group_key) ${beyond} (${value}::float8, ${group ?? ''})`}
				order by place ${way}, group_key ${way}
				limit ${limit + 1}
			),
			parts as materialized (select * from sums where group_key in (select group_key from chosen)),
			shops as materialized (${shopsHit(sql, sql`select group_key from chosen`, range, range.to >= now, own)}),
			trends as materialized (
				select group_key, json_agg(json_build_array(bucket, errors)) as trend
				from (select group_key, bucket, sum(errors) as errors from parts group by group_key, bucket) as by_bucket
				group by group_key
			),
			by_severity as materialized (${words(sql, 'severity')}),
			by_step as materialized (${words(sql, 'step')})
			select
				chosen.group_key as "group",
				${beginning(sql, 'chosen.error_code', 255)} as code,
				chosen.message_shape as shape,
				chosen.errors,
				trends.trend,
				hit.sessions,
				hit."isLeast" as "sessionsAtLeast",
				coalesce(shops.shops, 0) as shops,
				by_severity.words as severities,
				by_step.words as steps,
				${millis(sql, 'chosen.first_seen_at')} as "firstSeenAt",
				${millis(sql, 'chosen.last_seen_at')} as "lastSeenAt",
				chosen.state,
				chosen.acknowledged_by as "acknowledgedBy",
				chosen.resolved_by as "resolvedBy",
				chosen.last_session as "exampleSession",
				chosen.place,
				(select count(*)::int from summed) as count
			from chosen
			join trends using (group_key)
			join by_severity using (group_key)
			join by_step using (group_key)
			left join shops using (group_key),
			lateral (${sessionsHit(sql, sql`chosen.group_key`, range, range.to >= now, own)}) as hit
			order by chosen.place ${way}, chosen.group_key ${way}`
	);
	const placed = read.map((row) => placedRow(row, times));
	const page = listPage(placed, limit, cursor?.direction ?? null, (direction, { place, row }) =>
		writeCursor(shape, direction, [range.from, range.to, place, row.group])
	);
	// Behind its last page a list has no rows that could tell.
	const count = placed[0]?.count ?? (cursor ? await groupCount(sql, range, own) : 0);
	return { ...page, rows: page.rows.map(({ row }) => row), count, times, range };
}

async function groupCount(sql: Sql, range: Stretch, filters: CountedFilters): Promise<number> {
	const [row] = await within(
		READ_WITHIN_MS,
		sql<{ count: number }[]>`
			select count(distinct group_key)::int as count from ${groupedErrors(sql, range, filters)} as matching`
	);
	return row?.count ?? 0;
}

function placedRow({ place, count, trend, ...row }: Read, { partial }: Buckets) {
	const byBucket = new Map(trend);
	const shown: ErrorGroupRow = { ...row, trend: partial.map((_, bucket) => byBucket.get(bucket) ?? 0) };
	return { place, count, row: shown };
}

/** The most frequent words of a column in each group. */
function words(sql: Sql, column: 'severity' | 'step'): Fragment {
	return sql`
		select group_key, json_agg(word order by errors desc, word) as words
		from (
			select
				group_key, ${sql(column)} as word, sum(errors) as errors,
				row_number() over (partition by group_key order by sum(errors) desc, ${sql(column)}) as rank
			from parts
			group by group_key, ${sql(column)}
		) as ranked
		where rank <= ${WORDS_SHOWN}
		group by group_key`;
}
