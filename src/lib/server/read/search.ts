/**
 * Finds a session, a shop or a group of errors by any part of its name. Each of the three reads a bounded part of its
 * table: sessions whose id begins with the text wherever they are, all else among the latest.
 */
import type { Millis, SessionCard } from '../../live/messages';
import type { Sql } from '../db/connect';
import { within } from '../db/within';
import { cardColumns } from './wall/cards';
import { beginning, millis } from './columns';

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
const LOOKED_AT = { sessions: 20_000, shops: 5_000, groups: 5_000 } as const;
const MOST_OF_EACH = 8;
const LONGEST = 255;
const READ_LIMIT_MS = 10_000;
/** Above every character that an id can have. */
const LAST = '\u{10ffff}';

/** @param sql a pool of its own, so that slow reads never stand in the way of commits */
export function search(sql: Sql) {
	/** Up to `most` of each kind, the latest first; of sessions those whose id begins with the text before others. */
	return async (text: string, most = MOST_OF_EACH): Promise<Found> => {
		const wanted = text.trim().slice(0, LONGEST);
		if (wanted === '' || wanted.includes('\0')) return { sessions: [], shops: [], groups: [] };
		const [byId, among, shops, groups] = await within(
			READ_LIMIT_MS,
			Promise.all([
				sessionsByKey(sql, wanted, most),
				latestSessions(sql, wanted, most),
				findShops(sql, wanted, most),
				findGroups(sql, wanted, most)
			])
		);
		const sessions = new Map([...byId, ...among].map((session) => [session.sessionId, session]));
		return { sessions: [...sessions.values()].slice(0, most), shops, groups };
	};
}

function sessionsByKey(sql: Sql, text: string, most: number): Promise<SessionCard[]> {
	return sql<SessionCard[]>`
		select ${cardColumns(sql)}
		from sessions
		where session_id >= ${text}::text collate "C" and session_id < ${text + LAST}::text collate "C"
		order by session_id
		limit ${most}`;
}

function latestSessions(sql: Sql, text: string, most: number): Promise<SessionCard[]> {
	return sql<SessionCard[]>`
		select ${cardColumns(sql)}
		from (
			select *
			from (select * from sessions order by started_at desc, session_id desc limit ${LOOKED_AT.sessions}) as latest
			where strpos(lower(left(product_title, 255)), lower(${text}::text)) > 0 or strpos(lower(session_id), lower(${text}::text)) > 0
			order by started_at desc, session_id desc
			limit ${most}
		) as sessions`;
}

function findShops(sql: Sql, text: string, most: number): Promise<FoundShop[]> {
	return sql<FoundShop[]>`
		select domain as shop, total_sessions as sessions, ${millis(sql, 'last_session_at')} as "lastSessionAt"
		from (select * from shops order by last_session_at desc nulls last limit ${LOOKED_AT.shops}) as latest
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
		order by last_seen_at desc, group_key
		limit ${most}`;
}
