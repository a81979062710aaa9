/**
 * What the fields of events say, of the SAMPLED latest events that match: no table could keep that for every field that
 * anybody ever invents. Where the range has more, the sample is of whole milliseconds, so that its numbers open just
 * the events that it counts.
 */
import { MOST_ROWS_OF_WHOLE } from '../../../query';
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { millis, type Fragment } from '../columns';
import { fieldValue, hasTried, latest, LOOKED, matches, type EventFilters, type Stretch } from './questions';

export const SAMPLED = 5_000;
/** Values and fields that are named, where not all are asked for. */
const MOST_VALUES = 50;
const MOST_FIELDS = 40;
/** Field names are the same from event to event: a part of the sample has them. */
const NAMED = 500;
const NAME_CHARACTERS = 100;
const READ_WITHIN_MS = 10_000;

export interface FieldValues {
	/** How many events were looked at. */
	sampled: number;
	/** Where the sample begins, if the range has older events; else null. */
	since: Millis | null;
	/** The most frequent first; null for events without the field. */
	values: { value: string | null; events: number }[];
	/** How many different values there are. */
	distinct: number;
}

/** What a field says, whatever value was asked for. */
export async function fieldValues(
	sql: Sql,
	range: Stretch,
	asked: EventFilters,
	field: string,
	isWhole: boolean
): Promise<FieldValues> {
	const filters = { ...asked, field: null, value: null };
	const since = await within(READ_WITHIN_MS, sampleStart(sql, range, filters));
	const sample = sampleOf(sql, since === null ? range : { ...range, from: since }, filters);
	const [read] = await within(
		READ_WITHIN_MS,
		sql<Omit<FieldValues, 'since'>[]>`
			with counted as (
				select said, count(*)::int as events from (select ${fieldValue(sql, field)} as said from (${sample}) as logged) as told
				group by said
			)
			select
				(select coalesce(sum(events), 0)::int from counted) as sampled,
				(select count(*)::int from counted) as distinct,
				(
					select coalesce(json_agg(json_build_object('value', said, 'events', events) order by events desc, said), '[]')
					from (select * from counted order by events desc, said limit ${isWhole ? MOST_ROWS_OF_WHOLE : MOST_VALUES}) as first
				) as values`
	);
	return { since, ...(read ?? { sampled: 0, distinct: 0, values: [] }) };
}

export interface FieldNames {
	names: string[];
	/** How many there are. */
	inAll: number;
}

/** The fields that the latest events that match have, the most frequent first. */
export async function fieldNames(sql: Sql, range: Stretch, asked: EventFilters, isWhole: boolean): Promise<FieldNames> {
	const filters = { ...asked, field: null, value: null };
	const rows = await within(
		READ_WITHIN_MS,
		sql<{ name: string; inAll: number }[]>`
			select name, count(*) over ()::int as "inAll"
			from (select data from (${sampleOf(sql, range, filters)}) as logged limit ${NAMED}) as logged,
				jsonb_object_keys(case when jsonb_typeof(data) = 'object' then data else '{}' end) as name
			where char_length(name) <= ${NAME_CHARACTERS} and name <> ''
			group by name
			order by count(*) desc, name
			limit ${isWhole ? MOST_ROWS_OF_WHOLE : MOST_FIELDS}`
	);
	return { names: rows.map(({ name }) => name), inAll: rows[0]?.inAll ?? 0 };
}

function sampleOf(sql: Sql, range: Stretch, filters: EventFilters): Fragment {
	return sql`
		select data, server_timestamp
		from (${latest(sql, { range, filters }, lookedAt(filters))}) as logged
		where ${matches(sql, filters)}
		order by server_timestamp desc
		limit ${SAMPLED + 1}`;
}

function lookedAt(filters: EventFilters): number {
	return hasTried(filters) ? LOOKED : SAMPLED + 1;
}

/** Where a sample begins that has no part of a millisecond; null when all events of the range are in it. */
async function sampleStart(sql: Sql, range: Stretch, filters: EventFilters): Promise<Millis | null> {
	const [row] = await sql<{ sampled: number; looked: number; oldest: Millis | null; walked: Millis | null }[]>`
		with looked as materialized (${latest(sql, { range, filters }, lookedAt(filters))}),
		sample as (
			select server_timestamp from looked as logged
			where ${matches(sql, filters)}
			order by server_timestamp desc
			limit ${SAMPLED + 1}
		)
		select
			(select count(*)::int from sample) as sampled,
			(select count(*)::int from looked) as looked,
			(select ${millis(sql, 'first')} from (select min(server_timestamp) as first from sample) as sampled) as oldest,
			(select ${millis(sql, 'first')} from (select min(server_timestamp) as first from looked) as looked) as walked`;
	if (!row) return null;
	if (row.sampled > SAMPLED && row.oldest !== null) return row.oldest + 1;
	return row.looked === LOOKED && row.walked !== null ? row.walked + 1 : null;
}
