/**
 * What an object of the archive says, and its name: one line of JSON made of the rows of its commits, which follows from
 * the database alone, so that whoever makes it again gets the same bytes.
 *
 * The lines are put together by the database, from the stored text of each payload: nothing is parsed on the way, and
 * the process that takes events in is not kept busy.
 */
import { hash } from 'node:crypto';
import type { PendingQuery, Row } from 'postgres';
import type { Sql } from '../db/connect';

/** Commits that lie in one object. */
export interface CommitRange {
	/** Of `archive_objects`. */
	id: string;
	first_commit: string;
	last_commit: string;
}

export interface ArchiveObject {
	name: string;
	body: Buffer;
	/** Of the body, in hex. */
	sha256: string;
	events: number;
	/** What its commits brought; more than `events` when some of it is no longer in the log. */
	committed: number;
}

interface Lines {
	lines: string | null;
	events: number;
	/** Of the earliest event. */
	at: string;
	shop: string | null;
	agent: string | null;
	ip: string | null;
}

/** How far a server's clock, and an event that waited, may be from the time of its commit before all is looked through. */
const NEAR = '1 hour';

/** The object of these commits as the log has them now; null when it has none of their events. */
export async function readObject(sql: Sql, range: CommitRange): Promise<ArchiveObject | null> {
	const [commits] = await sql<{ ids: string[] | null; events: number; oldest: Date; newest: Date }[]>`
		select
			array_agg(id order by id) as ids, sum(event_count)::float8 as events,
			min(committed_at) - ${NEAR}::interval as oldest, max(committed_at) + ${NEAR}::interval as newest
		from commits
		where archive_object = ${range.id} and id between ${range.first_commit} and ${range.last_commit}`;
	if (!commits?.ids) return null;
	// The range of time spares all months but one or two. Events can be far from their commit, but seldom are.
	const near = sql`and server_timestamp between ${commits.oldest} and ${commits.newest}`;
	let read = await readLines(sql, commits.ids, near);
	if (read?.events !== commits.events) read = await readLines(sql, commits.ids, sql``);
	if (typeof read?.lines !== 'string') return null;
	const body = Buffer.from(
		`{"serverTimestamp":"${read.at}","request":{"origin":${read.shop ? JSON.stringify(`https://${read.shop}`) : 'null'},` +
			`"userAgent":${JSON.stringify(read.agent)},"ip":${JSON.stringify(read.ip)}},"events":[${read.lines}]}`
	);
	const sha256 = hash('sha256', body);
	return { name: objectName(read.at, sha256), body, sha256, events: read.events, committed: commits.events };
}

/**
 * Where an object lies. Equal bytes have equal names, so that even a database that was set back writes nothing twice.
 * @param at the ISO time of its earliest event
 */
export function objectName(at: string, sha256: string): string {
	const [year, month, day] = at.slice(0, 10).split('-');
	return `analytics/events/${year}/${month}/${day}/${at}_${sha256.slice(0, 16)}.json`;
}

async function readLines(sql: Sql, ids: string[], near: PendingQuery<Row[]>): Promise<Lines | undefined> {
	const iso = (time: string) => `to_char((${time}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
	const text = (column: string) => `coalesce(to_json(${column})::text, 'null')`;
	// `timestamp` is what the client meant by its own clock: with the shift added it is client_timestamp again.
	const line = `
		'{"type":' || to_json(event_type)::text
		|| ',"sessionId":' || ${text('session_id')}
		|| ',"shopDomain":' || ${text('shop_domain')}
		|| ',"data":' || data::text
		|| ',"timestamp":' || coalesce('"' || ${iso("client_timestamp - clock_shift_ms * interval '1 millisecond'")} || '"', 'null')
		|| ',"deviceContext":' || coalesce(device_context::text, 'null')
		|| ',"id":' || to_json(id)::text
		|| ',"serverTimestamp":"' || ${iso('server_timestamp')}
		|| '","userAgent":' || ${text('user_agent')}
		|| ',"ip":' || ${text('ip')}
		|| case when clock_shift_ms <> 0 then ',"clockShiftMs":' || clock_shift_ms::text else '' end
		|| case when key_id is not null then ',"keyId":' || to_json(key_id)::text else '' end
		|| case when extra is not null then ',"extra":' || extra::text else '' end
		|| '}'`;
	const [read] = await sql<Lines[]>`
		select
			string_agg(line, ',') as lines, count(*)::float8 as events, ${sql.unsafe(iso('min(server_timestamp)'))} as at,
			(array_agg(shop_domain))[1] as shop, (array_agg(user_agent))[1] as agent, (array_agg(ip))[1] as ip
		from (
			select ${sql.unsafe(line)} as line, server_timestamp, shop_domain, user_agent, ip
			from analytics_events
			where commit_id between ${ids[0] ?? '0'} and ${ids.at(-1) ?? '0'} and commit_id = any(${ids}::bigint[]) ${near}
			order by server_timestamp, commit_id, id, shop_domain nulls first
		) as events`;
	return read;
}
