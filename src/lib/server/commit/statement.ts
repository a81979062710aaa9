/**
 * The one statement of a group commit: log, projections, rejected events, the commit's own row and the notification.
 * One statement is one transaction, so there is no half commit and no open transaction to lose.
 *
 * Parameters: $1 the events as a JSON array of LogRow, $2 the rejected events as a JSON array of RejectedRow, $3 the
 * name of the program that commits, $4 the number of events in $1. Both arrays come as text and are parsed once, instead
 * of one text[] a column for unnest, which escapes and parses every value by itself.
 *
 * A notification is a hint of what to read again, never data. It names the changed sessions, or says that there are too
 * many to name, because a payload of 8,000 bytes would abort the commit.
 */
import { CHANNEL } from '../db/notice';
import { EVERYTHING, type Expected } from '../projections/expected';
import { mergeAll } from '../projections/index';

/** What the statement returns: one row. */
export interface CommitResult {
	/** null when nothing was new. */
	commit_id: string | null;
	inserted: number;
	/** The keys [shop, id] of the new events; null when all were new. */
	inserted_keys: [string | null, string][] | null;
}

/** The events of `logged` with their place in the order; what every projection reads. */
export const freshFrom = (source: string) =>
	`fresh as materialized (select source.*, event_stamp(source.event_time, source.id) as stamp from ${source} as source)`;

/** The notification's payload. */
const notice = ({ errors }: Expected) => `
	json_build_object(
		'commit', mark.id::text,
		'at', round(extract(epoch from clock_timestamp()) * 1000),
		'errors', ${errors ? `exists (select from group_changes)` : 'false'},
		'sessions', (
			select case when octet_length(named.list::text) < 7000 then named.list end
			from (select coalesce(json_agg(session_id), '[]') as list from session_changes) as named
		)
	)::text`;

/** The statement for a group with these types of events, and with rejected events or without. */
export function commitStatement(expected: Expected = EVERYTHING, hasRejected = true): string {
	const key = `${Object.values(expected).join(' ')} ${hasRejected}`;
	const known = statements.get(key);
	if (known !== undefined) return known;
	// Postgres copies the text several times at each run: without its indentation, a commit of one event costs a sixth less.
	const text = write(expected, hasRejected).replace(/\s*\n\s*/g, '\n');
	statements.set(key, text);
	return text;
}

const statements = new Map<string, string>();

const rejected = `
rejected as (
	insert into rejected_events (id, received_at, reason, raw, user_agent, ip)
	select input.id, input.server, input.reason, decode(input.raw, 'base64'), input.agent, input.ip
	from jsonb_to_recordset($2::text::jsonb) as input (
		id uuid, server timestamptz, reason text, raw text, agent text, ip text
	)
	on conflict (id) do nothing
),`;
/** Gives the parameter its type where nothing uses it. */
const noRejected = `rejected as (select $2::text),`;

const write = (expected: Expected, hasRejected: boolean) => `
with
mark as materialized (
	select nextval('commits_id_seq') as id
),
logged as (
	insert into analytics_events (
		id, event_type, session_id, shop_domain, data, device_context, client_timestamp, server_timestamp,
		user_agent, ip, clock_shift_ms, extra, commit_id
	)
	select
		input.id, input.type, input.session, input.shop, input.data, input.device, input.client, input.server,
		input.agent, input.ip, input.shift, input.extra, mark.id
	from mark, jsonb_to_recordset($1::text::jsonb) as input (
		id text, type text, session text, shop text, data jsonb, device jsonb, client timestamptz, server timestamptz,
		agent text, ip text, shift bigint, extra jsonb
	)
	on conflict (shop_domain, id) do nothing
	returning *
),
${freshFrom('logged')},
${hasRejected ? rejected : noRejected}
${mergeAll(expected)},
committed as (
	insert into commits (id, event_count, source)
	overriding system value
	select mark.id, counted.events, $3::text
	from mark, (select count(*)::integer as events from fresh) as counted
	where counted.events > 0
	returning id, event_count
)
select
	committed.id::text as commit_id,
	coalesce(committed.event_count, 0) as inserted,
	case
		when coalesce(committed.event_count, 0) < $4::integer
		then (select coalesce(json_agg(json_build_array(shop_domain, id)), '[]') from fresh)
	end as inserted_keys,
	case when committed.id is not null then pg_notify('${CHANNEL}', ${notice(expected)}) end
from mark
left join committed on committed.id = mark.id
`;
