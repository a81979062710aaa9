/**
 * The one statement of a group commit: log, projections, rejected events, the commit's own row and the notification.
 * One statement is one transaction, so there is no half commit and no open transaction to lose.
 *
 * Parameters: $1 the events as a JSON array of LogRow, $2 the rejected events as a JSON array of RejectedRow, $3 the
 * name of the program that commits, $4 the number of events in $1, $5 to $8 two stretches of the server's time in which the
 * events may be known already (months.ts). Both arrays come as text and are parsed once, instead of one text[] a column for
 * unnest, which escapes and parses every value by itself.
 *
 * The log is partitioned by month. In its own month an event is known by the constraint, in others by a look into their
 * indexes: only the months of the two stretches are touched, which is decided when the statement starts. The "or" keeps
 * the planner from walking an index by time there, which it would prefer while a month has few events. The careful way
 * is for what two statements may insert into two months at once, and for months that have left the log: what a backfill
 * brings back of them goes into the log alone, because the folds know it, and what is new of them is counted with them.
 *
 * A notification is a hint of what to read again, never data. It names the changed sessions, or says that there are too
 * many to name, because a payload of 8,000 bytes would abort the commit. What comes back from the archive happened long
 * ago: its notification names nothing, so that no screen shows it as happening now.
 */
import { CHANNEL } from '../db/notice';
import { EVERYTHING, type Expected } from '../projections/expected';
import { mergeAll } from '../projections/index';
import type { Reach } from './months';

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
		'errors', ${errors ? `$3::text <> 'backfill' and exists (select from group_changes)` : 'false'},
		'sessions', case when $3::text = 'backfill' then '[]'::json else (
			select case when octet_length(named.list::text) < 7000 then named.list end
			from (select coalesce(json_agg(session_id), '[]') as list from session_changes) as named
		) end
	)::text`;

/** The statement for a group with these types of events, and with rejected events or without. */
export function commitStatement(
	expected: Expected = EVERYTHING,
	hasRejected = true,
	way: Reach['way'] = 'careful'
): string {
	const key = `${Object.values(expected).join(' ')} ${hasRejected} ${way}`;
	const known = statements.get(key);
	if (known !== undefined) return known;
	// Postgres copies the text several times at each run: without its indentation, a commit of one event costs a sixth less.
	const text = write(expected, hasRejected, way).replace(/\s*\n\s*/g, '\n');
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

const inputColumns = `
	id text, type text, session text, shop text, data jsonb, device jsonb, client timestamptz, server timestamptz,
	agent text, ip text, shift bigint, key text, extra jsonb`;

/** Who comes first at the turn of a month: a second statement waits here for the first, and then finds it was second. */
const claimed = `
input as materialized (
	select input.*, near_month_edge(input.server) as at_edge from jsonb_to_recordset($1::text::jsonb) as input (${inputColumns})
),
claimed as (
	insert into month_edge_events (id, shop_domain, server_timestamp)
	select id, shop, server from input where at_edge
	on conflict (id, shop_domain) do nothing
	returning id, coalesce('=' || shop_domain, '') as shop_key
),`;
const isFirst = `(
	not input.at_edge or (input.id, coalesce('=' || input.shop, '')) in (select id, shop_key from claimed)
)`;

/** What the folds do not know yet; and how much comes, or comes back, of months that have left the log. */
const folded = `
folded as (
	select * from logged
	where $3::text <> 'backfill' or log_month(server_timestamp) not in (select month from log_months)
),
counted_months as (
	update log_months as known set
		events = known.events + case when $3::text = 'backfill' then 0 else added.events end,
		checksum = known.checksum + case when $3::text = 'backfill' then 0 else added.checksum end,
		restored_events = known.restored_events + added.events,
		restored_checksum = known.restored_checksum + added.checksum
	from (
		select log_month(server_timestamp) as month, count(*) as events, sum(event_checksum(id, shop_domain)) as checksum
		from logged
		where log_month(server_timestamp) in (select month from log_months)
		group by 1
	) as added
	where known.month = added.month
),`;

const write = (expected: Expected, hasRejected: boolean, way: Reach['way']) => `
with
mark as materialized (
	select nextval('commits_id_seq') as id
),
${way === 'careful' ? claimed : ''}
logged as (
	insert into analytics_events (
		id, event_type, session_id, shop_domain, data, device_context, client_timestamp, server_timestamp,
		user_agent, ip, clock_shift_ms, key_id, extra, commit_id
	)
	select
		input.id, input.type, input.session, input.shop, input.data, input.device, input.client, input.server,
		input.agent, input.ip, input.shift, input.key, input.extra, mark.id
	from mark, ${way === 'careful' ? 'input' : `jsonb_to_recordset($1::text::jsonb) as input (${inputColumns})`}
	where (
		select true from analytics_events as known
		where (
				known.server_timestamp >= $5::timestamptz and known.server_timestamp < $6::timestamptz
				or known.server_timestamp >= $7::timestamptz and known.server_timestamp < $8::timestamptz
			)
			and known.id = input.id collate "C" and known.shop_domain is not distinct from input.shop collate "C"
		limit 1
	) is null ${way === 'careful' ? `and ${isFirst}` : ''}
	on conflict do nothing
	returning *
),
${way === 'careful' ? folded : ''}
${freshFrom(way === 'careful' ? 'folded' : 'logged')},
${hasRejected ? rejected : noRejected}
${mergeAll(expected)},
committed as (
	insert into commits (id, event_count, source, bytes)
	overriding system value
	select mark.id, counted.events, $3::text, octet_length($1::text)
	from mark, (select count(*)::integer as events from logged) as counted
	where counted.events > 0
	returning id, event_count
)
select
	committed.id::text as commit_id,
	coalesce(committed.event_count, 0) as inserted,
	case
		when coalesce(committed.event_count, 0) < $4::integer
		then (select coalesce(json_agg(json_build_array(shop_domain, id)), '[]') from logged)
	end as inserted_keys,
	case when committed.id is not null then pg_notify('${CHANNEL}', ${notice(expected)}) end
from mark
left join committed on committed.id = mark.id
`;
