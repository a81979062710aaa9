/**
 * The ledger of the archive: which commits lie in which object (`archive_objects`, `commits.archive_object`). Commits are
 * grouped into an object by one statement, before its first byte is written, and never regrouped; so every commit is in
 * exactly one object, and any node can write the same bytes again.
 *
 * Who ships an object holds it for a while, by a token. A node that dies leaves it to the others when that has passed.
 */
import type { Sql } from '../db/connect';
import type { ArchiveObject, CommitRange } from './object';

export interface Grouping {
	/** An object is made of the oldest commits as soon as they are so many bytes, */
	objectBytes: number;
	/** or as soon as the oldest of them waits for so long. */
	maxAgeMs: number;
}

/** An object that this node ships now. */
export interface Claimed extends CommitRange {
	claim: string;
	attempts: number;
	/** As it was last made; null before the first time. */
	name: string | null;
	sha256: string | null;
}

/** Commits in one object: bounds the statement. */
const MOST_COMMITS = 5_000;
/** Of an event in a commit that is older than the column with its size. */
const GUESSED_EVENT_BYTES = 700;

/**
 * Makes one object of the oldest commits when they are enough or old enough. False when there is nothing to do.
 *
 * A commit that comes into sight late is in a later object; nodes that do it at once take different commits. No object
 * goes over the end of a UTC day, so that a day's folder holds that day.
 */
export async function groupCommits(sql: Sql, grouping: Grouping): Promise<boolean> {
	if (!(await isDue(sql, grouping))) return false;
	const { objectBytes, maxAgeMs } = grouping;
	const grouped = await sql`
		with
		open as materialized (
			${openCommits(sql)} for update skip locked
		),
		counted as (
			select *, sum(bytes) over (order by id) as bytes_with, first_value(committed_at) over (order by id) as first_at
			from open
		),
		fitting as (
			select * from counted
			where (bytes_with <= ${objectBytes} or bytes_with = bytes)
				and date_trunc('day', committed_at, 'UTC') = date_trunc('day', first_at, 'UTC')
		),
		object as (
			insert into archive_objects (first_commit, last_commit, commits, events, bytes, oldest_at)
			select min(id), max(id), count(*), sum(event_count), sum(bytes), min(committed_at)
			from fitting
			having count(*) < (select count(*) from open)
				or count(*) = ${MOST_COMMITS}
				or sum(bytes) >= ${objectBytes}
				or min(committed_at) <= clock_timestamp() - ${maxAgeMs} * interval '1 millisecond'
			returning id
		)
		update commits set archive_object = object.id
		from object, fitting
		where commits.id = fitting.id
		returning 1`;
	return grouped.length > 0;
}

/**
 * Whether there is an object to make. It is asked each second, and a look that locks would write to each of these rows and
 * to the disk, for nothing most of the time.
 */
async function isDue(sql: Sql, { objectBytes, maxAgeMs }: Grouping): Promise<boolean> {
	const [look] = await sql<{ isDue: boolean | null }[]>`
		select
			count(*) = ${MOST_COMMITS}
			or sum(bytes) >= ${objectBytes}
			or min(committed_at) <= clock_timestamp() - ${maxAgeMs} * interval '1 millisecond'
			or date_trunc('day', min(committed_at), 'UTC') <> date_trunc('day', max(committed_at), 'UTC') as "isDue"
		from (${openCommits(sql)}) as open`;
	return look?.isDue === true;
}

/** The oldest commits that are in no object yet. */
function openCommits(sql: Sql) {
	return sql`
		select id, event_count, committed_at, coalesce(bytes, event_count * ${GUESSED_EVENT_BYTES}::integer) as bytes
		from commits
		where archive_object is null and source <> 'backfill'
		order by id
		limit ${MOST_COMMITS}`;
}

/** Takes an object that nobody ships, for so long; null when there is none. */
export async function claimObject(sql: Sql, forMs: number): Promise<Claimed | null> {
	const [claimed] = await sql<Claimed[]>`
		update archive_objects
		set claimed_until = ${soon(sql, forMs)}, claim = gen_random_uuid(), attempts = attempts + 1
		where id = (
			select id from archive_objects
			where state = 'waiting' and claimed_until <= clock_timestamp()
			order by claimed_until, id
			limit 1
			for update skip locked
		)
		returning id, first_commit, last_commit, claim, attempts, name, sha256`;
	return claimed ?? null;
}

/** Keeps it for longer. False when another node has it by now. */
export async function keepClaim(sql: Sql, { id, claim }: Claimed, forMs: number): Promise<boolean> {
	const kept = await sql`
		update archive_objects set claimed_until = ${soon(sql, forMs)}
		where id = ${id} and claim = ${claim} and state = 'waiting'
		returning 1`;
	return kept.length > 0;
}

/** Says what will be written, before it is. False when another node has it by now. */
export async function nameObject(sql: Sql, { id, claim }: Claimed, object: ArchiveObject): Promise<boolean> {
	const named = await sql`
		update archive_objects
		set name = ${object.name}, sha256 = ${object.sha256}, bytes = ${object.body.length}, events = ${object.events}
		where id = ${id} and claim = ${claim} and state = 'waiting'
		returning 1`;
	return named.length > 0;
}

/** It is there, under this name. False when another node has it by now: then it is theirs to say. */
export async function markShipped(
	sql: Sql,
	{ id, claim }: Claimed,
	store: string,
	{ name, sha256, body, events }: ArchiveObject
): Promise<boolean> {
	const marked = await sql`
		update archive_objects
		set state = 'shipped', shipped_at = clock_timestamp(), store = ${store}, last_error = null,
			name = ${name}, sha256 = ${sha256}, bytes = ${body.length}, events = ${events}
		where id = ${id} and claim = ${claim} and state = 'waiting'
		returning 1`;
	return marked.length > 0;
}

/** Whether it was settled meanwhile that nothing of it lies under this name. */
export async function isSettledWithout(sql: Sql, { id }: CommitRange, name: string): Promise<boolean> {
	const settled = await sql`
		select from archive_objects where id = ${id} and state = 'shipped' and name is distinct from ${name}`;
	return settled.length > 0;
}

/** None of its events is in the log any more, and nothing of it in the store: there is nothing to ship. */
export async function markEmpty(sql: Sql, { id, claim }: Claimed): Promise<void> {
	await sql`
		update archive_objects
		set state = 'shipped', shipped_at = clock_timestamp(), last_error = null,
			name = null, sha256 = null, bytes = 0, events = 0
		where id = ${id} and claim = ${claim} and state = 'waiting'`;
}

/** Gives it back, for anybody to try again after a while. */
export async function giveBack(sql: Sql, { id, claim }: Claimed, fault: string, afterMs: number): Promise<void> {
	await sql`
		update archive_objects set claimed_until = ${soon(sql, afterMs)}, last_error = ${fault}
		where id = ${id} and claim = ${claim} and state = 'waiting'`;
}

/** Whether anything that was committed so long ago is not shipped yet. */
export async function isWaiting(sql: Sql, ageMs: number): Promise<boolean> {
	const before = sql`clock_timestamp() - ${ageMs} * interval '1 millisecond'`;
	const [row] = await sql<{ waiting: boolean }[]>`
		select
			exists (select from archive_objects where state = 'waiting' and oldest_at <= ${before})
			or exists (
				select from commits
				where archive_object is null and source <> 'backfill' and committed_at <= ${before}
			) as waiting`;
	return row?.waiting === true;
}

function soon(sql: Sql, ms: number) {
	return sql`clock_timestamp() + ${ms} * interval '1 millisecond'`;
}
