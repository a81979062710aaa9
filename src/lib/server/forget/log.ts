/**
 * Takes sessions and shops out of the database: log and folds, a piece at a time. Each piece is one transaction that
 * holds commits, short enough that they wait without failing, and leaves every table as a rebuild from the remaining log
 * would make it. So a job that ended in the middle goes on from wherever it was.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PendingQuery, Row, TransactionSql } from 'postgres';
import { freshFrom } from '../commit/statement';
import type { Sql } from '../db/connect';
import { CHANNEL, type CommitNotice } from '../db/notice';
import { SESSION_TIMED_OUT } from '../../events/vocabulary';
import { EVERYTHING, expectedOf } from '../projections/expected';
import { mergeAll } from '../projections/index';
import { withLog } from './tombstones';
import { EMPTIED, mendAll, ROWS, SET_ASIDE, takeOutAll } from '../projections/unfold';

/** Events of a piece, about: how long commits wait follows from it. */
const PIECE_EVENTS = 4_000;
const SESSIONS_AT_ONCE = 200;
/** So many rows less in a table change how it is best read. */
const MANY_ROWS = 1_000;
/** Between pieces commits go through. */
const REST_MS = 50;

/** Rows removed by table. */
export type Counts = Record<string, number>;

/** What of the log is to go. */
export type Extent =
	| {
			/** Whole sessions, … */
			sessions: string[];
			/** … and events without one, each by its shop and its id. */
			events: EventKey[];
	  }
	| {
			/** Shops as they are spelt in the log, … */
			shops: string[];
			/** … and what they sent until then. */
			until: Date;
	  };

export interface EventKey {
	shop: string;
	id: string;
}

/**
 * Hears what a piece removed, within its transaction.
 * @param closed sessions of a shop that the server has closed after the moment until which the shop's events go
 */
export type Removed = (transaction: TransactionSql, counts: Counts, closed: string[]) => Promise<void>;

/**
 * Erases from log and folds.
 * @param erasure whose `erasure_archived_events` count as the log's
 */
export async function eraseFromLog(sql: Sql, erasure: string, extent: Extent, removed: Removed): Promise<void> {
	const erase = 'shops' in extent ? shopPieces(sql, erasure, extent) : personPieces(extent);
	const gone: Counts = {};
	const count: Removed = async (transaction, counts, closed) => {
		for (const [table, rows] of Object.entries(counts)) gone[table] = (gone[table] ?? 0) + rows;
		await removed(transaction, counts, closed);
	};
	for await (const piece of erase) {
		await withLog(sql, (transaction) => takePiece(transaction, erasure, piece, count));
		await sleep(REST_MS);
	}
	// They are not locked: a commit that finds such a row again waits for this, and then makes it anew.
	for (const statement of EMPTIED) await sql.unsafe(statement);
	// Else it would be planned for as if all of it were there, the log as a whole for ever: nobody else analyzes that.
	for (const [table, rows] of Object.entries(gone)) if (rows >= MANY_ROWS) await sql`analyze ${sql(table)}`;
}

type Condition = (sql: Sql | TransactionSql) => PendingQuery<Row[]>;

/** What one transaction takes out: sessions, or events without one. */
interface Piece {
	sessions: string[];
	/** Which events of the log (`log`) it is about, those that stay among them: all of these sessions, or none of any. */
	about: Condition;
	/** Which of them go. */
	goes: Condition;
	/** Which of those that go only say that the server closed a session later. */
	late: Condition;
}

/**
 * What of the log (`log`) is a shop's: what it sent until then, and that the server closed its sessions later, unless the
 * shop was heard of in them later too.
 */
export function ofShop({ shops, until }: Extract<Extent, { shops: string[] }>): Condition {
	return (sql) => sql`
		log.shop_domain = any(${shops}) and (log.server_timestamp <= ${until} or ${closedAfter(until)(sql)} and not exists (
			select from analytics_events as heard
			where heard.session_id = log.session_id and heard.shop_domain = any(${shops}) and heard.server_timestamp > ${until}
				and heard.event_type <> ${SESSION_TIMED_OUT}
		))`;
}

/** That the server closed a session after a moment. */
function closedAfter(until: Date): Condition {
	return (sql) => sql`
		log.event_type = ${SESSION_TIMED_OUT} and log.ip is null and log.session_id is not null
			and log.server_timestamp > ${until}`;
}

const none: Condition = (sql) => sql`false`;

const ofSessions: Condition = (sql) => sql`log.session_id in (select session_id from forgotten_sessions)`;

function* personPieces({ sessions, events }: Extract<Extent, { sessions: string[] }>): Generator<Piece> {
	for (let at = 0; at < sessions.length; at += SESSIONS_AT_ONCE) {
		yield {
			sessions: sessions.slice(at, at + SESSIONS_AT_ONCE),
			about: ofSessions,
			goes: (sql) => sql`true`,
			late: none
		};
	}
	if (events.length === 0) return;
	const shops = events.map(({ shop }) => shop);
	const goes: Condition = (sql) => sql`
		(log.shop_domain, log.id) in (select * from unnest(${shops}::text[], ${events.map(({ id }) => id)}::text[]))`;
	yield { sessions: [], about: (sql) => sql`${goes(sql)} and log.session_id is null and log.event_type <> 'ai_request'`, goes, late: none }; // prettier-ignore
	yield { sessions: [], about: aiRequestsOf([...new Set(shops)]), goes, late: none };
}

/** The events of an AI request must not be torn apart; without a session there are few. */
function aiRequestsOf(shops: string[]): Condition {
	return (sql) => sql`log.shop_domain = any(${shops}) and log.session_id is null and log.event_type = 'ai_request'`;
}

/** Finds the next piece when the one before is gone. */
async function* shopPieces(
	sql: Sql,
	erasure: string,
	{ shops, until }: Extract<Extent, { shops: string[] }>
): AsyncGenerator<Piece> {
	const goes = ofShop({ shops, until });
	const late = closedAfter(until);
	for (;;) {
		const sessions = await sql<{ session_id: string }[]>`
			select distinct session_id
			from (
				(
					select session_id
					from analytics_events
					where shop_domain = any(${shops}) and server_timestamp <= ${until} and session_id is not null
					order by server_timestamp
					limit ${PIECE_EVENTS / 2}
				)
				union all
				(
					select session_id from analytics_events as log
					where ${late(sql)} and ${goes(sql)}
					limit ${PIECE_EVENTS / 2}
				)
				union all
				(
					select session_id from erasure_archived_events
					where erasure_id = ${erasure} and session_id is not null
					order by session_id
					limit ${PIECE_EVENTS / 2}
				)
			) as oldest`;
		if (sessions.length === 0) break;
		yield { sessions: sessions.map(({ session_id }) => session_id), about: ofSessions, goes, late };
	}
	const aiRequests = aiRequestsOf(shops);
	const isThere = (about: Condition) => sql`
		select from analytics_events as log where ${about(sql)} and ${goes(sql)}
		union all
		select from erasure_archived_events as log where erasure_id = ${erasure} and ${about(sql)}
		limit 1`;
	if ((await isThere(aiRequests)).length > 0) yield { sessions: [], about: aiRequests, goes, late };
	const others = (to: Date) => (sql: Sql | TransactionSql) => sql`
		log.shop_domain = any(${shops}) and log.server_timestamp <= ${to} and log.session_id is null
			and log.event_type <> 'ai_request'`;
	for (;;) {
		const [end] = await sql<{ to: Date | null }[]>`
			select max(server_timestamp) as to
			from (
				select server_timestamp from analytics_events as log where ${others(until)(sql)} order by 1 limit ${PIECE_EVENTS}
			) as oldest`;
		const to = end?.to;
		if (!to) break;
		yield { sessions: [], about: others(to), goes, late };
	}
	if ((await isThere(others(until))).length > 0) yield { sessions: [], about: others(until), goes, late };
}

/**
 * The piece in one transaction. Each statement that changes something reads a temporary table of the transaction: were
 * the connection lost in its middle, what follows could not be done without it.
 */
async function takePiece(transaction: TransactionSql, erasure: string, piece: Piece, removed: Removed): Promise<void> {
	const about = piece.about(transaction);
	const goes = piece.goes(transaction);
	await transaction.unsafe('set local jit = off');
	await transaction.unsafe(SET_ASIDE);
	await transaction`insert into forgotten_sessions select unnest(${piece.sessions}::text[])`;

	await transaction`
		insert into forgotten_events
		select log.*, event_stamp(log.event_time, log.id) from analytics_events as log where ${about}`;
	await transaction`
		with
		archived as (
			delete from erasure_archived_events as log where erasure_id = ${erasure} and ${about}
			returning
				log.id, event_type, session_id, shop_domain, data, device_context, client_timestamp, server_timestamp, user_agent,
				ip, clock_shift_ms, extra, commit_id, event_time, event_stamp(event_time, log.id)
		),
		-- What came back into the log meanwhile was found there.
		left_out as (
			select archived.* from archived
			where not exists (
				select from forgotten_events as known
				where known.id = archived.id and known.shop_domain is not distinct from archived.shop_domain
			)
		),
		months as (
			update log_months set events = log_months.events - gone.events, checksum = log_months.checksum - gone.checksum
			from (
				select log_month(server_timestamp) as month, count(*) as events, sum(event_checksum(id, shop_domain)) as checksum
				from left_out
				group by 1
			) as gone
			where log_months.month = gone.month
		)
		insert into forgotten_events (
			id, event_type, session_id, shop_domain, data, device_context, client_timestamp, server_timestamp, user_agent, ip,
			clock_shift_ms, extra, commit_id, event_time, stamp
		)
		select * from left_out`;
	await transaction.unsafe('analyze forgotten_events; analyze forgotten_sessions');
	const [counted] = await transaction<{ stays: boolean; types: string[] }[]>`
		select
			coalesce(bool_or((${goes}) is not true), false) as stays,
			coalesce(array_agg(distinct event_type), '{}') as types
		from forgotten_events as log`;
	const rows: Counts = {};
	const count = (sign: 1 | -1, counts: Counts | undefined) => {
		for (const [table, number] of Object.entries(counts ?? {})) rows[table] = (rows[table] ?? 0) + sign * number;
	};

	const closed = await transaction<{ session_id: string }[]>`
		select distinct session_id from forgotten_events as log where ${piece.late(transaction)} and ${goes}`;
	const [takenOut] = await transaction.unsafe<Counts[]>(takeOutAll());
	count(1, takenOut);
	const [deleted] = await transaction<Counts[]>`
		with
		gone as (
			delete from analytics_events as log
			where ${about} and ${goes} and exists (select from forgotten_events)
			returning log.commit_id, log.id, log.shop_domain, log.server_timestamp
		),
		-- What stood for them at the turn of a month, and in the sums of months that had left the log.
		edges as (
			delete from month_edge_events as edge using gone
			where edge.id = gone.id and edge.shop_domain is not distinct from gone.shop_domain
		),
		months as (
			update log_months as known set
				events = known.events - left_out.events, checksum = known.checksum - left_out.checksum,
				restored_events = known.restored_events - left_out.events,
				restored_checksum = known.restored_checksum - left_out.checksum
			from (
				select log_month(server_timestamp) as month, count(*) as events, sum(event_checksum(id, shop_domain)) as checksum
				from gone
				group by 1
			) as left_out
			where known.month = left_out.month
		),
		counted as (
			update commits set event_count = event_count - by_commit.events
			from (select commit_id, count(*)::integer as events from gone group by commit_id) as by_commit
			where commits.id = by_commit.commit_id
		)
		select count(*)::integer as analytics_events from gone`;
	count(1, deleted);
	if (counted?.stays) {
		await transaction`create temporary table remaining_events on commit drop as
			select log.* from analytics_events as log where ${about} and exists (select from forgotten_events)`;
		await transaction.unsafe('set local enable_nestloop = off');
		const [putBack] = await transaction.unsafe<Counts[]>(
			`with source as (select * from remaining_events), ${freshFrom('source')}, ${mergeAll(EVERYTHING)} ${ROWS}`
		);
		await transaction.unsafe('set local enable_nestloop = on');
		count(-1, putBack);
	}
	for (const statement of mendAll(expectedOf(counted?.types ?? []))) await transaction.unsafe(statement);

	await removed(
		transaction,
		rows,
		closed.map(({ session_id }) => session_id)
	);
	const notice: CommitNotice = { commit: '0', at: Date.now(), sessions: null, errors: true };
	await transaction`select pg_notify(${CHANNEL}, ${JSON.stringify(notice)})`;
}
