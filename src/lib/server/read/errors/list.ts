/**
 * Single errors, newest first. By shop and group there is an index; what other filters ask for is looked for among the
 * LOOKED next rows only, and the answer says how far that went.
 */
import { isFault, readCursor, writeCursor, type Direction, type QueryFault } from '../../../query';
import type { ErrorCard, Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { within } from '../../db/within';
import { beginning, millis } from '../columns';
import { asksOfShopsAlone, errorsByShop, errorsOf, groupedErrors, LOOKED, matches, needsLooking, uncounted, type ErrorListFilters, type Stretch } from './questions'; // prettier-ignore
import {
	descending,
	listPage,
	micros,
	momentFault,
	momentOfMicros,
	upToEdge,
	type Counted,
	type LookedPage
} from '../keyset';
import { errorColumns } from '../wall/errors';

export interface ErrorRow extends ErrorCard {
	group: string;
	deviceType: string | null;
	os: string | null;
	browser: string | null;
	isUserFacing: boolean | null;
}

export type ErrorList = LookedPage<ErrorRow>;

/** Which errors. */
export interface ErrorsOf {
	range: Stretch;
	filters: ErrorListFilters;
}

export interface ErrorListAsked extends ErrorsOf {
	cursor: string | null;
	limit?: number;
}

/** Where an error stands in the list. */
interface Key {
	micros: number;
	id: string;
	shopKey: string;
}

const READ_WITHIN_MS = 10_000;
const SHAPE = { list: 'error', sort: 'occurred', key: ['number', 'text', 'text'] } as const;

/** A page of the errors that match. Of ids only those of one shop differ, so the shop is part of their order. */
export async function errorList(
	sql: Sql,
	{ range, filters, cursor: text, limit = 50 }: ErrorListAsked
): Promise<ErrorList | QueryFault> {
	const cursor = readCursor(text, SHAPE);
	if (isFault(cursor)) return cursor;
	const { way, beyond } = descending(sql, cursor);
	const [at, id, shopKey] = cursor?.key ?? [];
	const wrong = at === undefined ? null : momentFault(at);
	if (wrong) return wrong;
	const after =
		at === undefined
			? sql`true`
			: sql`(occurred_at, id, ${shopKeyOf(sql)}) ${beyond} (${momentOfMicros(sql, at)}, ${id ?? ''}, ${shopKey ?? ''})`;
	const order = sql`occurred_at ${way}, id ${way}, shop_key ${way}`;
	const looked = sql`
		select *, ${shopKeyOf(sql)} as shop_key
		from ${errorsOf(sql, range, filters)} and ${after}
		order by ${order}
		limit ${LOOKED}`;
	const cursorAt = (direction: Direction, { micros, id, shopKey }: Key) =>
		writeCursor(SHAPE, direction, [micros, id, shopKey]);

	const read = await within(
		READ_WITHIN_MS,
		sql<(Key & { row: ErrorRow })[]>`
			select
				${micros(sql, 'errors.occurred_at')} as micros,
				errors.id,
				errors.shop_key as "shopKey",
				(select to_json(line) from (select ${errorRow(sql)}) as line) as row
			from (${looked}) as errors
			where ${matches(sql, filters)}
			order by ${order}
			limit ${limit + 1}`
	);
	const page = listPage(read, limit, cursor?.direction ?? null, cursorAt);
	const list = { ...page, rows: page.rows.map(({ row }) => row), lookedTo: null };
	if (read.length > limit || !needsLooking(filters)) return list;
	const [edge] = await within(
		READ_WITHIN_MS,
		sql<(Key & { at: Millis })[]>`
			select id, ${micros(sql, 'occurred_at')} as micros, shop_key as "shopKey", ${millis(sql, 'occurred_at')} as at
			from (${looked}) as errors
			order by ${order}
			offset ${LOOKED - 1}`
	);
	return upToEdge(list, cursor?.direction ?? null, edge, cursorAt);
}

/** How many errors match: exactly where the tallies know, else of the LOOKED latest. */
export async function countErrors(sql: Sql, { range, filters }: ErrorsOf): Promise<Counted> {
	const tallied = asksOfShopsAlone(filters) ? errorsByShop(sql, range, filters) : groupedErrors(sql, range, filters);
	const [counted] = await within(
		READ_WITHIN_MS,
		uncounted(filters) === undefined
			? sql<Counted[]>`
				select coalesce(sum(errors), 0)::float8 as count, false as "isLeast" from ${tallied} as counted`
			: sql<Counted[]>`
				select count(*) filter (where ${matches(sql, filters)})::int as count, count(*) >= ${LOOKED} as "isLeast"
				from (
					select * from ${errorsOf(sql, range, filters)} order by occurred_at desc limit ${LOOKED}
				) as looked`
	);
	return counted ?? { count: 0, isLeast: false };
}

/** The columns of an ErrorRow, from a relation that is called `errors`. */
function errorRow(sql: Sql) {
	return sql`
		${errorColumns(sql)},
		errors.group_key as "group",
		${beginning(sql, 'errors.device_type', 255)} as "deviceType",
		${beginning(sql, 'errors.os', 255)} as os,
		${beginning(sql, 'errors.browser', 255)} as browser,
		errors.is_user_facing as "isUserFacing"`;
}

/** Tells '' from no shop, as the key of the table does. */
function shopKeyOf(sql: Sql) {
	return sql`coalesce('=' || shop_domain, '')`;
}
