/**
 * Finds a session, a shop or a group of errors by any part of its name. Each of the three reads a bounded part of its
 * table: sessions whose id begins with the text wherever they are, all else among the latest. Who sees some shops alone
 * finds what is theirs: a group of errors only if they have it, as their own errors tell of it.
 */
import type { Millis, SessionCard } from '../../live/messages';
import type { Scope } from '../../query';
import type { Sql } from '../db/connect';
import { within } from '../db/within';
import { cardColumns } from './wall/cards';
import { beginning, millis, type Fragment } from './columns';

export interface FoundShop {
	shop: string;
	sessions: number;
	lastSessionAt: Millis | null;
}

export interface FoundGroup {
	group: string;
	code: string | null;
	message: string | null;
	errors: number;
	lastSeenAt: Millis | null;
}

export interface Found {
	sessions: SessionCard[];
	shops: FoundShop[];
	groups: FoundGroup[];
}

/** How many of the latest are looked at. */
const LOOKED_AT = { sessions: 20_000, shops: 5_000, groups: 5_000, errors: 20_000 } as const;
const MOST_OF_EACH = 8;
const LONGEST = 255;
const READ_LIMIT_MS = 10_000;
/** Above every character that an id can have. */
const LAST = '\u{10ffff}';

/** @param sql a pool of its own, so that slow reads never stand in the way of commits */
export function search(sql: Sql) {
	/**
	 * Up to `most` of each kind, the latest first; of sessions those whose id begins with the text before others.
	 * @param shops who asks sees nothing of others; null: all
	 */
	return async (text: string, shops: Scope['shops'], most = MOST_OF_EACH): Promise<Found> => {
		const wanted = text.trim().slice(0, LONGEST);
		if (wanted === '' || wanted.includes('\0')) return { sessions: [], shops: [], groups: [] };
		const [byId, among, named, groups] = await within(
			READ_LIMIT_MS,
			Promise.all([
				sessionsByKey(sql, wanted, shops, most),
				latestSessions(sql, wanted, shops, most),
				findShops(sql, wanted, shops, most),
				shops === null ? findGroups(sql, wanted, most) : findOwnGroups(sql, wanted, shops, most)
			])
		);
		const sessions = new Map([...byId, ...among].map((session) => [session.sessionId, session]));
		return { sessions: [...sessions.values()].slice(0, most), shops: named, groups };
	};
}

function sessionsByKey(sql: Sql, text: string, shops: Scope['shops'], most: number): Promise<SessionCard[]> {
	return sql<SessionCard[]>`
		select ${cardColumns(sql)}
		from sessions
		where session_id >= ${text}::text collate "C" and session_id < ${text + LAST}::text collate "C"
			and ${isOf(sql, 'shop_domain', shops)}
		order by session_id
		limit ${most}`;
}

function latestSessions(sql: Sql, text: string, shops: Scope['shops'], most: number): Promise<SessionCard[]> {
	return sql<SessionCard[]>`
		select ${cardColumns(sql)}
		from (
			select *
			from (${latestOf(sql, 'sessions', shops, sql`started_at desc, session_id desc`, LOOKED_AT.sessions)}) as latest
			where strpos(lower(left(product_title, 255)), lower(${text}::text)) > 0 or strpos(lower(session_id), lower(${text}::text)) > 0
			order by started_at desc, session_id desc
			limit ${most}
		) as sessions`;
}

function findShops(sql: Sql, text: string, shops: Scope['shops'], most: number): Promise<FoundShop[]> {
	return sql<FoundShop[]>`
		select domain as shop, total_sessions as sessions, ${millis(sql, 'last_session_at')} as "lastSessionAt"
		from (
			select * from shops where ${isOf(sql, 'domain', shops)} order by last_session_at desc nulls last limit ${LOOKED_AT.shops}
		) as latest
		where strpos(lower(domain), lower(${text}::text)) > 0
		order by last_session_at desc nulls last, domain
		limit ${most}`;
}

function findGroups(sql: Sql, text: string, most: number): Promise<FoundGroup[]> {
	return sql<FoundGroup[]>`
		select
			group_key as "group",
			${beginning(sql, 'error_code', LONGEST)} as code,
			left(last_lww[4], 255) as message,
			error_count::float8 as errors,
			${millis(sql, 'last_seen_at')} as "lastSeenAt"
		from (
			select * from error_groups where last_seen_at is not null order by last_seen_at desc limit ${LOOKED_AT.groups}
		) as latest
		where strpos(lower(left(error_code, 255)), lower(${text}::text)) > 0 or strpos(lower(last_lww[4]), lower(${text}::text)) > 0
			or strpos(lower(message_shape), lower(${text}::text)) > 0
		order by last_seen_at desc, group_key
		limit ${most}`;
}

/** The same of some shops: the groups of their latest errors, each as the latest of its errors there says. */
function findOwnGroups(sql: Sql, text: string, shops: readonly string[], most: number): Promise<FoundGroup[]> {
	return sql<FoundGroup[]>`
		select
			group_key as "group",
			${beginning(sql, 'error_code', LONGEST)} as code,
			left(error_message, 255) as message,
			(
				select sum(errors)::float8 from error_tallies
				where error_tallies.group_key = found.group_key and shop = any(${shops}::text[])
			) as errors,
			${millis(sql, 'occurred_at')} as "lastSeenAt"
		from (
			select *
			from (
				select distinct on (group_key) group_key, error_code, error_message, occurred_at
				from (${latestOf(sql, 'error_events', shops, sql`occurred_at desc, id desc`, LOOKED_AT.errors)}) as latest
				order by group_key, occurred_at desc, id desc
			) as groups
			where strpos(lower(left(error_code, 255)), lower(${text}::text)) > 0
				or strpos(lower(left(error_message, 1000)), lower(${text}::text)) > 0
				or strpos(
					lower((select message_shape from error_groups where error_groups.group_key = groups.group_key)), lower(${text}::text)
				) > 0
			order by occurred_at desc, group_key
			limit ${most}
		) as found
		order by found.occurred_at desc, found.group_key`;
}

/** Condition on the shop of a row. */
function isOf(sql: Sql, column: 'shop_domain' | 'domain', shops: Scope['shops']): Fragment {
	return shops === null ? sql`true` : sql`${sql(column)} = any(${shops}::text[])`;
}

/** The latest rows of a table, of each of the shops along its own index. */
function latestOf(
	sql: Sql,
	table: 'sessions' | 'error_events',
	shops: Scope['shops'],
	order: Fragment,
	most: number
): Fragment {
	if (shops === null) return sql`select * from ${sql(table)} order by ${order} limit ${most}`;
	return sql`
		select latest.*
		from unnest(${shops}::text[]) as own (shop), lateral (
			select * from ${sql(table)} where shop_domain = own.shop order by ${order} limit ${most}
		) as latest
		order by ${order}
		limit ${most}`;
}
