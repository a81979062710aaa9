/**
 * Backfill jobs as the database keeps them: what was asked for, who may steer it how, and how far it is. A job's state
 * lives here alone, so that any node, and the command line, can begin it, steer it, and go on with it after a crash.
 */
import { CHANNEL, type CommitNotice } from '../db/notice';
import type { Sql } from '../db/connect';

export type JobState = 'waiting' | 'running' | 'paused' | 'done' | 'cancelled';

/** What is asked for. Times in milliseconds since 1970. */
export interface Wish {
	/** Objects from this time on … */
	from: number;
	/** … and before this one, by the times in their names. */
	to: number;
	/** The beginning of their names; '' for all. */
	prefix: string;
	/** Reads and counts, and writes nothing. */
	dryRun: boolean;
}

/** What was done. `events` = `newEvents` + `knownEvents` + `rejected`. */
export interface Counts {
	objects: number;
	events: number;
	newEvents: number;
	knownEvents: number;
	rejected: number;
	damaged: number;
}

export interface Job extends Wish, Counts {
	id: number;
	state: JobState;
	createdAt: number;
	startedAt: number | null;
	endedAt: number | null;
	updatedAt: number;
	/** Who runs it, or ran it last. */
	runner: string | null;
	/** The latest name up to which all is done; '' before the first. */
	doneThrough: string;
	/** What holds it up now. */
	fault: string | null;
	/** How many objects there are in all; null until they are counted. */
	objectsTotal: number | null;
	/** When it was last taken up, and what was done by then. */
	takenUpAt: number | null;
	takenUpObjects: number;
	takenUpEvents: number;
}

/** An object that gave nothing back. */
export interface ObjectFault {
	name: string;
	reason: string;
}

export type JobAction = 'pause' | 'resume' | 'cancel';

/** Asks for a job. @param state 'running' for who runs it at once */
export async function createJob(sql: Sql, wish: Wish, state: 'waiting' | 'running' = 'waiting'): Promise<Job> {
	const [job] = await sql<Job[]>`
		insert into backfill_jobs as job (from_time, to_time, prefix, dry_run, state)
		values (${new Date(wish.from)}, ${new Date(wish.to)}, ${wish.prefix}, ${wish.dryRun}, ${state})
		returning ${columns(sql)}`;
	if (!job) throw new Error('a job that was made is not there');
	await announce(sql);
	return job;
}

/** The latest jobs, newest first. */
export async function listJobs(sql: Sql, most: number): Promise<Job[]> {
	return sql<Job[]>`select ${columns(sql)} from backfill_jobs as job order by id desc limit ${most}`;
}

/** Null when there is none. */
export async function readJob(sql: Sql, id: number): Promise<Job | null> {
	const [job] = await sql<Job[]>`select ${columns(sql)} from backfill_jobs as job where id = ${id}`;
	return job ?? null;
}

/** What of a job's objects gave nothing back, by name. */
export async function faultsOf(sql: Sql, id: number, most: number): Promise<ObjectFault[]> {
	return sql<ObjectFault[]>`select name, reason from backfill_faults where job = ${id} order by name limit ${most}`;
}

const STEERING: Record<JobAction, { from: JobState[]; to: JobState }> = {
	pause: { from: ['waiting', 'running'], to: 'paused' },
	resume: { from: ['paused'], to: 'waiting' },
	cancel: { from: ['waiting', 'running', 'paused'], to: 'cancelled' }
};

/** The job after the action; the state it is in when that allows no such thing; null when there is none. */
export async function steerJob(sql: Sql, id: number, action: JobAction): Promise<Job | JobState | null> {
	const { from, to } = STEERING[action];
	const [job] = await sql<Job[]>`
		update backfill_jobs as job
		set state = ${to}, updated_at = clock_timestamp(), ended_at = case when ${to} = 'cancelled' then clock_timestamp() end
		where id = ${id} and state = any(${from}::text[])
		returning ${columns(sql)}`;
	await announce(sql);
	return job ?? (await readJob(sql, id))?.state ?? null;
}

/** Whether there is something to do. */
export async function isAnyDue(sql: Sql): Promise<boolean> {
	const [row] = await sql`select from backfill_jobs where state in ('waiting', 'running') limit 1`;
	return row !== undefined;
}

/** An unfinished job that was asked for in the same words. */
export async function unfinishedLike(sql: Sql, wish: Wish): Promise<Job | null> {
	const [job] = await sql<Job[]>`
		select ${columns(sql)} from backfill_jobs as job
		where state in ('waiting', 'running', 'paused') and from_time = ${new Date(wish.from)}
			and to_time = ${new Date(wish.to)} and prefix = ${wish.prefix} and dry_run = ${wish.dryRun}
		order by id limit 1`;
	return job ?? null;
}

/**
 * Takes up the oldest job that waits or was left behind, or the named one; for the holder of the turn. A dry run remembers
 * what it has seen only while it runs, and begins anew.
 */
export async function takeUpJob(sql: Sql, runner: string, id: number | null = null): Promise<Job | null> {
	const [job] = await sql<Job[]>`
		update backfill_jobs as job
		set state = 'running', runner = ${runner}, fault = null, started_at = coalesce(started_at, clock_timestamp()),
			updated_at = clock_timestamp(), taken_up_at = clock_timestamp(), objects_total = null,
			done_through = case when dry_run then '' else done_through end,
			objects = case when dry_run then 0 else objects end,
			events = case when dry_run then 0 else events end,
			new_events = case when dry_run then 0 else new_events end,
			known_events = case when dry_run then 0 else known_events end,
			rejected = case when dry_run then 0 else rejected end,
			damaged = case when dry_run then 0 else damaged end,
			taken_up_objects = case when dry_run then 0 else objects end,
			taken_up_events = case when dry_run then 0 else events end
		where id = (
			select id from backfill_jobs
			where state = any(${id === null ? ['waiting', 'running'] : ['waiting', 'running', 'paused']}::text[])
				and (${id}::bigint is null or id = ${id})
			order by id limit 1
		)
		returning ${columns(sql)}`;
	if (job?.dryRun) await sql`delete from backfill_faults where job = ${job.id}`;
	return job ?? null;
}

/**
 * Notes what was done up to and with this name, once however often it is told, as when an answer is lost; returns the job
 * as it is now, null when another runs it.
 */
export async function noteDone(
	sql: Sql,
	job: Job,
	through: string,
	done: Omit<Counts, 'damaged'>,
	faults: ObjectFault[]
): Promise<Job | null> {
	const [noted] = await sql<Job[]>`
		with found as (
			insert into backfill_faults (job, name, reason)
			select ${job.id}, fault.name, fault.reason
			from unnest(${faults.map(({ name }) => name)}::text[], ${faults.map(({ reason }) => reason)}::text[]) as fault (name, reason)
			on conflict do nothing
			returning 1
		)
		update backfill_jobs as job
		set done_through = ${through}, fault = null, updated_at = clock_timestamp(),
			objects = objects + ${done.objects} * is_new, events = events + ${done.events} * is_new,
			new_events = new_events + ${done.newEvents} * is_new, known_events = known_events + ${done.knownEvents} * is_new,
			rejected = rejected + ${done.rejected} * is_new, damaged = damaged + (select count(*) from found)
		from (select id as job_id, (done_through < ${through})::integer as is_new from backfill_jobs where id = ${job.id}) as before
		where id = ${job.id} and runner = ${job.runner}
		returning ${columns(sql)}`;
	await announce(sql);
	return noted ?? null;
}

/** Says what holds the job up; null when nothing does any more. */
export async function noteFault(sql: Sql, job: Job, fault: string | null): Promise<void> {
	await sql`
		update backfill_jobs set fault = ${fault}, updated_at = clock_timestamp()
		where id = ${job.id} and runner = ${job.runner} and fault is distinct from ${fault}`;
	await announce(sql);
}

/** How many objects there are beside those that were done when it was taken up. */
export async function noteTotal(sql: Sql, job: Job, toCome: number): Promise<void> {
	await sql`
		update backfill_jobs set objects_total = taken_up_objects + ${toCome}
		where id = ${job.id} and runner = ${job.runner}`;
	await announce(sql);
}

/** All is done, unless somebody has steered it elsewhere meanwhile. */
export async function finishJob(sql: Sql, job: Job): Promise<void> {
	await sql`
		update backfill_jobs
		set state = 'done', ended_at = clock_timestamp(), updated_at = clock_timestamp(), objects_total = objects
		where id = ${job.id} and runner = ${job.runner} and state = 'running'`;
	await announce(sql, 'everything');
}

/** Tells the pages to look again. `everything`: what was restored is now to be seen like all that was there before. */
async function announce(sql: Sql, what: 'jobs' | 'everything' = 'jobs'): Promise<void> {
	const all = what === 'everything';
	const notice: CommitNotice = { commit: '0', at: Date.now(), sessions: all ? null : [], errors: all };
	await sql`select pg_notify(${CHANNEL}, ${JSON.stringify(notice)})`;
}

/** Of a relation that is called `job`. */
function columns(sql: Sql) {
	const millis = (column: string) => sql`floor(extract(epoch from job.${sql(column)}) * 1000)::float8`;
	return sql`
		job.id::float8 as id, ${millis('from_time')} as from, ${millis('to_time')} as to, job.prefix, job.dry_run as "dryRun",
		job.state, ${millis('created_at')} as "createdAt", ${millis('started_at')} as "startedAt",
		${millis('ended_at')} as "endedAt", ${millis('updated_at')} as "updatedAt", job.runner,
		job.done_through as "doneThrough", job.fault, job.objects::float8 as objects,
		job.objects_total::float8 as "objectsTotal", job.events::float8 as events, job.new_events::float8 as "newEvents",
		job.known_events::float8 as "knownEvents", job.rejected::float8 as rejected, job.damaged::float8 as damaged,
		${millis('taken_up_at')} as "takenUpAt", job.taken_up_objects::float8 as "takenUpObjects",
		job.taken_up_events::float8 as "takenUpEvents"`;
}
