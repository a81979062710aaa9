/**
 * What a person asked to know: the request, and what is kept of them as one JSON document for an operator to hand over.
 * The document is made when it is asked for and kept nowhere; the person's plain words go 30 days after the first time.
 */
import type { Patience } from '../archive/backfill-reading';
import type { ObjectStore } from '../archive/store';
import type { Sql } from '../db/connect';
import { archivedEvents, findInArchive, findInLog, type Traces } from './person';
import { spellings } from './spellings';
import { namesOf, Subject, subjectText, type Customer } from './subject';

/** A request. Times in milliseconds since 1970. */
export interface DataRequest {
	id: string;
	/** Hex. */
	subjectHash: string;
	requestedAt: number;
	answeredAt: number | null;
	/** Whether it can still be answered. */
	isOpen: boolean;
}

const KEPT_DAYS = 30;

/** Keeps the request. The same delivery twice is one. */
export async function askForData(sql: Sql, subject: Subject, delivery: string | null): Promise<{ id: string }> {
	const [made] = await sql<{ id: string }[]>`
		insert into data_requests (subject, subject_hash, delivery)
		values (
			${JSON.stringify(subject)}::text::jsonb, forgotten_hash(${subject.kind}, ${subjectText(subject)}), ${delivery}
		)
		on conflict (delivery) do update set delivery = excluded.delivery
		returning id`;
	if (!made) throw new Error('a request that was made is not there');
	return made;
}

/** The latest, newest first. */
export async function listDataRequests(sql: Sql, most: number): Promise<DataRequest[]> {
	return sql<DataRequest[]>`
		select
			id, encode(subject_hash, 'hex') as "subjectHash", subject is not null as "isOpen",
			floor(extract(epoch from requested_at) * 1000)::float8 as "requestedAt",
			floor(extract(epoch from answered_at) * 1000)::float8 as "answeredAt"
		from data_requests
		order by requested_at desc, id
		limit ${most}`;
}

/** Forgets whose requests were answered long ago. */
export async function closeAnswered(sql: Sql): Promise<void> {
	await sql`
		update data_requests set subject = null
		where subject is not null and answered_at < now() - ${KEPT_DAYS} * interval '1 day'`;
}

/** What is kept of the person; null when there is no such request, or it can't be answered any more. */
export async function answerDataRequest(
	sql: Sql,
	store: ObjectStore,
	id: string,
	patience: Patience
): Promise<object | null> {
	if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return null;
	const [request] = await sql<{ subject: unknown; requested_at: Date }[]>`
		select subject, requested_at from data_requests where id = ${id} and subject is not null`;
	if (!request) return null;
	const subject = Subject.parse(request.subject);
	if (subject.kind !== 'customer') return null;
	const { shopDomain, customer } = subject;
	const traces: Traces = { sessions: new Set(), events: [] };
	await findInLog(sql, await spellings(sql, shopDomain), customer, traces, patience);
	await findInArchive(store, shopDomain, customer, traces, patience);

	const events = await eventsOf(sql, traces);
	await addArchived(store, customer, traces, events, patience);
	const sessions = [...traces.sessions];
	const rowsOf = async (table: string) => {
		const rows = await sql<{ row: Record<string, unknown> }[]>`
			select to_jsonb(t) as row from ${sql(table)} as t where session_id = any(${sessions}) order by session_id`;
		return rows.map(({ row }) =>
			Object.fromEntries(Object.entries(row).filter(([name]) => !/_lww$|^replaced_/.test(name)))
		);
	};
	const answer = {
		request: id,
		requestedAt: request.requested_at.toISOString(),
		shopDomain,
		customer,
		sessions: await rowsOf('sessions'),
		steps: await rowsOf('session_steps'),
		aiRequests: await rowsOf('ai_requests'),
		errors: await rowsOf('errors'),
		events: [...events.values()]
	};
	await sql`update data_requests set answered_at = coalesce(answered_at, now()) where id = ${id}`;
	return answer;
}

/** By shop and id. */
type Events = Map<string, unknown>;
const keyOf = (shop: unknown, id: unknown) => JSON.stringify([shop, id]);

async function eventsOf(sql: Sql, traces: Traces): Promise<Events> {
	const rows = await sql<{ row: Record<string, unknown> }[]>`
		select jsonb_build_object(
			'id', id, 'type', event_type, 'session', session_id, 'shop', shop_domain, 'data', data, 'device', device_context,
			'client', client_timestamp, 'server', server_timestamp, 'agent', user_agent, 'ip', ip, 'extra', extra
		) as row
		from analytics_events
		where session_id = any(${[...traces.sessions]}) or (shop_domain, id) in (
			select * from unnest(${traces.events.map(({ shop }) => shop)}::text[], ${traces.events.map(({ id }) => id)}::text[])
		)
		order by event_time, id`;
	return new Map(rows.map(({ row }) => [keyOf(row['shop'], row['id']), row]));
}

/** Events that lie in the archive alone. */
async function addArchived(
	store: ObjectStore,
	customer: Customer,
	traces: Traces,
	events: Events,
	patience: Patience
): Promise<void> {
	const single = new Set(traces.events.map(({ shop, id }) => keyOf(shop, id)));
	if (traces.sessions.size === 0 && single.size === 0) return;
	const words = [...traces.sessions, ...namesOf(customer)];
	for await (const event of archivedEvents(store, words, patience)) {
		const key = keyOf(event.shop, event.id);
		const isTheirs = event.session === null ? single.has(key) : traces.sessions.has(event.session);
		if (isTheirs && !events.has(key)) events.set(key, event);
	}
}
