/**
 * What can be asked of the event log, by when the server received the events. A session, one type or a shop has an index
 * to walk in the order of the list; everything else is tried on rows in that order, and on at most LOOKED of them.
 */
import { fault, NONE, partedWords, type FilterValues, type QueryFault } from '../../../query';
import type { Millis } from '../../../live/messages';
import type { Sql } from '../../db/connect';
import { time, type Fragment } from '../columns';
import { ofTypes } from '../tallies';

export const EVENT_FILTERS = {
	/** With a minus: none of that type. */
	type: 'words',
	/** A domain, or (none). */
	shop: 'text',
	session: 'text',
	/** A part of the data, as JSON writes it. */
	q: 'text',
	/** A field of the data; one inside another by a dot. Alone it filters nothing. */
	field: 'text',
	/** What that field says, (none) where it is absent; without a field, what any field says. */
	value: 'text',
	/** Whether a write key vouched for it. What the server says itself needs none, and is neither. */
	signed: 'flag'
} as const;

export type EventFilters = FilterValues<typeof EVENT_FILTERS>;

export interface Stretch {
	from: Millis;
	/** Not in it any more. */
	to: Millis;
}

/** Which events. */
export interface EventsOf {
	range: Stretch;
	filters: EventFilters;
}

/** At most so many rows are tried on conditions that have no index. */
export const LOOKED = 20_000;
/** Characters of a value by which events are told apart. */
const VALUE_CHARACTERS = 200;
/** A text is looked for in the beginning of an event's data: some have 64 KiB, and thousands are looked through. */
const SEARCHED_CHARACTERS = 4_000;
const DEEPEST = 8;

/** What is wrong with these filters, if anything is. */
export function filterFault({ field }: EventFilters): QueryFault | null {
	return field !== null && field.split('.').length > DEEPEST
		? fault('field', `“field” can name up to ${DEEPEST} fields inside each other.`)
		: null;
}

/** Which index the log is walked by. */
export type Walk = 'session' | 'type' | 'types' | 'shop' | 'time';

export function walkOf(filters: EventFilters): Walk {
	const { shop, session } = filters;
	const { only, without } = partedWords(filters.type);
	if (session !== null) return 'session';
	// Before the type: how far LOOKED rows reach must tell a shop nothing of what others send.
	if (shop !== null && shop !== NONE) return 'shop';
	if (only.length === 1) return 'type';
	// A few rows of each type are all that the first page of several needs, unless more is asked of them.
	return only.length > 1 && without.length === 0 && !hasMore(filters) ? 'types' : 'time';
}

/** Are there conditions that the walk does not answer? */
export function hasTried(filters: EventFilters): boolean {
	switch (walkOf(filters)) {
		case 'session':
			return filters.type.length > 0 || hasMore(filters);
		case 'type':
			return filters.type.length > 1 || hasMore(filters);
		case 'shop':
			return filters.type.length > 0 || isTold(filters);
		case 'types':
			return false;
		case 'time':
			return filters.type.length > 0 || hasMore(filters);
	}
}

function hasMore(filters: EventFilters): boolean {
	return filters.shop !== null || isTold(filters);
}

function isTold({ q, value, signed }: EventFilters): boolean {
	return q !== null || value !== null || signed !== null;
}

/** Do the tallies know how many there are? */
export function isTallied(filters: EventFilters): boolean {
	return filters.session === null && !isTold(filters);
}

/** The latest events of the walk, in no order: for what is counted in rows. */
export function latest(sql: Sql, asked: EventsOf, most = LOOKED): Fragment {
	return inOrder(sql, asked, sql`true`, sql`server_timestamp desc`, most);
}

/** The first events of the walk in an order, with `shop_key`, before anything is tried on them. */
export function inOrder(sql: Sql, asked: EventsOf, behind: Fragment, order: Fragment, most: number): Fragment {
	const { filters, range } = asked;
	const { only } = partedWords(filters.type);
	const rows = (condition: Fragment) => sql`
		select *, ${shopKeyOf(sql)} as shop_key
		from analytics_events
		where ${condition} and server_timestamp >= ${time(sql, range.from)} and server_timestamp < ${time(sql, range.to)}
			and ${behind}
		order by ${order}
		limit ${most}`;
	switch (walkOf(filters)) {
		case 'session':
			return rows(sql`session_id = ${filters.session}`);
		case 'type':
			return rows(sql`event_type = ${only[0] ?? ''}`);
		case 'shop':
			return rows(sql`shop_domain = ${filters.shop}`);
		case 'time':
			return rows(sql`true`);
		case 'types':
			return sql`
				select of_type.*
				from unnest(${only}::text[]) as asked (type), lateral (${rows(sql`event_type = asked.type`)}) as of_type
				order by ${order}
				limit ${most}`;
	}
}

/** Tells '' from no shop, as the key of the table does. */
export function shopKeyOf(sql: Sql): Fragment {
	return sql`coalesce('=' || shop_domain, '')`;
}

/** All conditions, on a row of the log. */
export function matches(sql: Sql, { type, shop, session, q, field, value, signed }: EventFilters): Fragment {
	return sql`(
		${ofTypes(sql, partedWords(type))}
		and ${shop === null ? sql`true` : shop === NONE ? sql`coalesce(shop_domain, '') = ''` : sql`shop_domain = ${shop}`}
		and ${session === null ? sql`true` : sql`session_id = ${session}`}
		and ${q === null ? sql`true` : sql`strpos(lower(left(data::text, ${SEARCHED_CHARACTERS}::int)), lower(${q})) > 0`}
		and ${value === null ? sql`true` : says(sql, field, value)}
		and ${signed === null ? sql`true` : signed ? sql`key_id is not null` : sql`key_id is null and ip is not null`}
	)`;
}

function says(sql: Sql, field: string | null, value: string): Fragment {
	if (field !== null) {
		const said = fieldValue(sql, field);
		return value === NONE ? sql`${said} is null` : sql`${said} = ${value}`;
	}
	return sql`case when jsonb_typeof(data) = 'object' then exists (
		select from jsonb_each_text(data) as said where left(said.value, ${VALUE_CHARACTERS}::int) = ${value}
	) else false end`;
}

/** What a field of the data says, as text: the field of just this name, else the one that its dots lead to. */
export function fieldValue(sql: Sql, field: string): Fragment {
	return sql`left(coalesce(data ->> ${field}, data #>> ${field.split('.')}::text[]), ${VALUE_CHARACTERS}::int)`;
}
