/**
 * Erasures as the database keeps them: jobs while they run, certificates when they are done. What is to be forgotten
 * stands in plain words only as long as the job needs it, and never in an answer or a log.
 */
import type { Sql } from '../db/connect';
import { CHANNEL, type CommitNotice } from '../db/notice';
import type { TransactionSql } from 'postgres';
import type { Counts, EventKey } from './log';
import { Subject, subjectText } from './subject';

/** What is done next. */
export type Step = 'find' | 'entomb' | 'look' | 'log' | 'objects' | 'rest' | 'done';

/** An erasure as others see it. Times in milliseconds since 1970. */
export interface Erasure {
	id: string;
	kind: Subject['kind'];
	/** Hex. */
	subjectHash: string;
	requestedBy: string;
	requestedAt: number;
	step: Step;
	erasedAt: number | null;
	counts: Counts;
	/** Objects of the archive that could not be read. */
	unreadable: string[];
	/** What the latest attempt met. */
	fault: string | null;
	finishedAt: number | null;
	certificateSha256: string | null;
}

/** An erasure that this process works at. */
export interface Claimed {
	id: string;
	subject: Subject;
	step: Step;
	/** By the database's clock. */
	requestedAt: Date;
	/** No earlier than anything that it is about, whatever clock that was received by. */
	erasedAt: Date | null;
	lookedUntil: string;
	attempts: number;
}

/** Asks for an erasure. The same delivery twice is one. */
export async function requestErasure(
	sql: Sql,
	subject: Subject,
	by: 'operator' | 'shopify',
	delivery: string | null = null
): Promise<Erasure> {
	const [erasure] = await sql<Erasure[]>`
		insert into erasures (kind, subject, subject_hash, requested_by, delivery)
		values (
			${subject.kind}, ${JSON.stringify(subject)}::text::jsonb, forgotten_hash(${subject.kind}, ${subjectText(subject)}),
			${by}, ${delivery}
		)
		on conflict (delivery) do update set delivery = excluded.delivery
		returning ${columns(sql)}`;
	if (!erasure) throw new Error('an erasure that was asked for is not there');
	return erasure;
}

/** The latest, newest first. */
export async function listErasures(sql: Sql, most: number): Promise<Erasure[]> {
	return sql<Erasure[]>`select ${columns(sql)} from erasures order by requested_at desc, id limit ${most}`;
}

/** Null when there is none. */
export async function readErasure(sql: Sql, id: string): Promise<(Erasure & { certificate: string | null }) | null> {
	if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return null;
	const [erasure] = await sql<(Erasure & { certificate: string | null })[]>`
		select ${columns(sql)}, certificate from erasures where id = ${id}`;
	return erasure ?? null;
}

/** Takes the oldest that nobody works at, or the one with this id. */
export async function claimErasure(sql: Sql, forMs: number, id: string | null = null): Promise<Claimed | null> {
	const [claimed] = await sql<(Omit<Claimed, 'subject'> & { subject: unknown })[]>`
		update erasures set claimed_until = clock_timestamp() + ${forMs} * interval '1 millisecond', attempts = attempts + 1
		where id = (
			select id from erasures
			where finished_at is null and (claimed_until is null or claimed_until <= clock_timestamp())
				and (${id}::uuid is null or id = ${id})
			order by requested_at
			limit 1
			for update skip locked
		)
		returning
			id, subject, step, requested_at as "requestedAt", erased_at as "erasedAt", coalesce(looked_until, '') as "lookedUntil", attempts`;
	return claimed ? { ...claimed, subject: Subject.parse(claimed.subject) } : null;
}

/** Keeps it, or gives it back for a later attempt, with what went wrong; unless another process has it by now. */
export async function keepErasure(
	sql: Sql,
	{ id, attempts }: Pick<Claimed, 'id' | 'attempts'>,
	forMs: number,
	fault: string | null = null
): Promise<void> {
	await sql`
		update erasures
		set claimed_until = clock_timestamp() + ${forMs} * interval '1 millisecond', last_error = coalesce(${fault}, last_error)
		where id = ${id} and attempts = ${attempts} and finished_at is null`;
}

/**
 * The next step.
 * @throws when another process has it by now, as after a long sleep of this one
 */
export async function goOn(
	sql: Sql,
	{ id, attempts }: Pick<Claimed, 'id' | 'attempts'>,
	step: Step,
	erasedAt: Date | null = null
): Promise<void> {
	const gone = await sql`
		update erasures set step = ${step}, erased_at = coalesce(${erasedAt}, erased_at), last_error = null
		where id = ${id} and attempts = ${attempts} and finished_at is null
		returning 1`;
	if (gone.length === 0) throw new Error('another process works at it by now');
	await announce(sql);
}

/** Tells the pages to look again. */
export async function announce(sql: Sql): Promise<void> {
	const notice: CommitNotice = { commit: '0', at: Date.now(), sessions: [], errors: false };
	await sql`select pg_notify(${CHANNEL}, ${JSON.stringify(notice)})`;
}

/** Adds to what was removed; within the transaction that removed it. */
export async function addCounts(sql: Sql | TransactionSql, id: string, counts: Counts): Promise<void> {
	await sql`
		update erasures
		set counts = counts || (
			select coalesce(jsonb_object_agg(key, coalesce((counts ->> key)::bigint, 0) + value::bigint), '{}')
			from jsonb_each_text(${JSON.stringify(counts)}::text::jsonb)
		)
		where id = ${id}`;
}

/** Notes what a look through the archive has found. */
export async function noteLooked(
	sql: Sql,
	id: string,
	looked: { until: string; objects: number; found: string[]; unreadable: string[]; archived: string[] }
): Promise<void> {
	await sql.begin(async (transaction) => {
		const [open] = await transaction`select from erasures where id = ${id} and finished_at is null for update`;
		if (!open) throw new Error('another process has done it by now');
		await transaction`
			insert into erasure_objects (erasure_id, name, is_unreadable)
			select ${id}::uuid, name, name = any(${looked.unreadable})
			from unnest(${[...looked.found, ...looked.unreadable]}::text[]) as noted (name)
			on conflict do nothing`;
		await transaction`
			insert into erasure_archived_events (
				erasure_id, id, event_type, session_id, shop_domain, data, device_context, client_timestamp, server_timestamp,
				user_agent, ip, clock_shift_ms, extra, commit_id
			)
			select
				${id}::uuid, input.id, input.type, input.session, input.shop, input.data, input.device, input.client, input.server,
				input.agent, input.ip, input.shift, input.extra, 0
			from jsonb_to_recordset(${`[${looked.archived.join(',')}]`}::text::jsonb) as input (
				id text, type text, session text, shop text, data jsonb, device jsonb, client timestamptz, server timestamptz,
				agent text, ip text, shift bigint, extra jsonb
			)
			on conflict do nothing`;
		await addCounts(transaction, id, { objects_looked_at: looked.objects });
		await transaction`update erasures set looked_until = ${looked.until} where id = ${id}`;
	});
}

/** The months that have left the log, such as 2026-01. */
export async function droppedMonths(sql: Sql): Promise<Set<string>> {
	const rows = await sql<{ month: string }[]>`select to_char(month, 'YYYY-MM') as month from log_months`;
	return new Set(rows.map(({ month }) => month));
}

/** Notes sessions and events of a person. */
export async function noteTraces(
	sql: Sql | TransactionSql,
	id: string,
	sessions: string[],
	events: EventKey[]
): Promise<void> {
	// What is done has forgotten the plain words.
	await sql`
		insert into erasure_sessions (erasure_id, session_id)
		select erasures.id, unnest(${sessions}::text[]) from erasures where id = ${id} and finished_at is null
		on conflict do nothing`;
	await sql`
		insert into erasure_events (erasure_id, shop_domain, id)
		select erasures.id, shop, event
		from erasures, unnest(${events.map(({ shop }) => shop)}::text[], ${events.map((key) => key.id)}::text[]) as given (shop, event)
		where erasures.id = ${id} and finished_at is null
		on conflict do nothing`;
}

/** What noteTraces has noted. */
export async function readTraces(sql: Sql, id: string): Promise<{ sessions: string[]; events: EventKey[] }> {
	const sessions = await sql<{ session_id: string }[]>`
		select session_id from erasure_sessions where erasure_id = ${id} order by session_id`;
	const events = await sql<EventKey[]>`
		select shop_domain as shop, id from erasure_events where erasure_id = ${id} order by 1, 2`;
	return { sessions: sessions.map(({ session_id }) => session_id), events: [...events] };
}

/** Of a table `erasures`. */
function columns(sql: Sql) {
	const millis = (column: string) => sql`floor(extract(epoch from ${sql(column)}) * 1000)::float8`;
	return sql`
		id, kind, encode(subject_hash, 'hex') as "subjectHash", requested_by as "requestedBy",
		${millis('requested_at')} as "requestedAt", step, ${millis('erased_at')} as "erasedAt", counts,
		array(
			select name from erasure_objects where erasure_id = erasures.id and is_unreadable order by name
		) as unreadable,
		last_error as fault, ${millis('finished_at')} as "finishedAt", certificate_sha256 as "certificateSha256"`;
}
