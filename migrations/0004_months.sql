-- The log by months of server_timestamp (UTC), so that a month can leave it at once, and so that what is asked of a few
-- days reads the indexes of those days.
--
-- There is no default partition: a month is made before its first event (ensure_month). An event is unique within its
-- month by a constraint, and over months by the commit statement, because a unique constraint over all partitions would
-- have to contain server_timestamp. The parts of that are in src/lib/server/commit/months.ts.

-- Months --------------------------------------------------------------------------------------------------------------

-- The month of the log that a time lies in, by its first day.
create function log_month(at timestamptz) returns date
language sql immutable parallel safe
return date_trunc('month', at at time zone 'UTC')::date;

-- The moment at which a month begins.
create function month_start(month date) returns timestamptz
language sql immutable parallel safe
return month::timestamp at time zone 'UTC';

-- The table that holds a month: analytics_events_2026_11.
create function month_table(month date) returns text
language sql stable parallel safe
return 'analytics_events_' || to_char(month, 'YYYY_MM');

-- Whether a time is so close to the turn of a month that a repetition of its event may come in the other one at the same
-- moment: clocks of two nodes differ, and a commit can wait for a minute.
create function near_month_edge(at timestamptz) returns boolean
language sql immutable parallel safe
return log_month(at - interval '10 minutes') <> log_month(at + interval '10 minutes');

-- A number that depends on an event's identity alone. Sums of it tell whether two sets of events are the same.
create function event_checksum(id text, shop_domain text) returns numeric
language sql immutable parallel safe
return hashtextextended(coalesce('=' || shop_domain, '') || chr(10) || id, 0)::numeric;

-- The log -------------------------------------------------------------------------------------------------------------

alter table analytics_events rename to unpartitioned_events;

create table analytics_events (
	-- The client's own id, or 'c_' and a hash of the content where it sent none. Unique within its shop.
	id text collate "C" not null,
	event_type text collate "C" not null,
	session_id text collate "C",
	-- As the client sent it: '' and null both mean that it named no shop.
	shop_domain text collate "C",
	data jsonb not null,
	device_context jsonb,
	-- The client's clock, corrected by clock_shift_ms where it ran wrong; null where it was absent or unreadable.
	client_timestamp timestamptz,
	server_timestamp timestamptz not null,
	user_agent text,
	ip text,
	clock_shift_ms bigint not null default 0,
	-- Fields of the envelope that the contract does not know.
	extra jsonb,
	commit_id bigint not null,
	-- The time that orders events: the client's where there is one, else the server's.
	event_time timestamptz not null generated always as (coalesce(client_timestamp, server_timestamp)) stored
) partition by range (server_timestamp);

-- Months that have left the log. Their events are in the archive; the folds know them still.
create table log_months (
	month date primary key,
	dropped_at timestamptz not null,
	-- What the folds know of the month: so many events, with this sum of event_checksum().
	events bigint not null,
	checksum numeric not null,
	-- Its events lie in objects from this time on, by their names, and before the end of the month.
	archive_from timestamptz not null,
	-- When it came (or began to come) back into the log, and how much of it is there. It is whole when both are the same.
	restored_at timestamptz,
	restored_events bigint not null default 0,
	restored_checksum numeric not null default 0
);

-- Who came first at the turn of a month: two statements that insert the same event into two months meet here.
create table month_edge_events (
	id text collate "C" not null,
	shop_domain text collate "C",
	server_timestamp timestamptz not null,
	claimed_at timestamptz not null default now(),
	constraint month_edge_events_key unique nulls not distinct (id, shop_domain)
);

-- Makes the log ready for events of a day's month; says whether it was not before. A table of that month that is no part of the
-- log is one whose drop was interrupted, and becomes part of it again. Attaching waits for no reader and no writer.
create function ensure_month(day date) returns boolean
language plpgsql as $$
declare
	first constant date := date_trunc('month', day)::date;
	name constant text := month_table(first);
	starts constant timestamptz := month_start(first);
	ends constant timestamptz := month_start((first + interval '1 month')::date);
begin
	perform pg_advisory_xact_lock(7403214);
	if exists (
		select from pg_inherits
		join pg_class on pg_class.oid = inhrelid
		where inhparent = 'analytics_events'::regclass and relname = name and not inhdetachpending
	) then
		return false;
	end if;
	if to_regclass(format('%I.%I', current_schema(), name)) is null then
		execute format('create table %I (like analytics_events including defaults including generated)', name);
		execute format('alter table %I add constraint %I unique nulls not distinct (id, shop_domain)', name, name || '_key');
	end if;
	execute format('alter table analytics_events attach partition %I for values from (%L) to (%L)', name, starts, ends);
	update log_months set restored_at = now() where month = first;
	return true;
end $$;

-- The rows move without indexes, which are quicker made over the whole.
set local maintenance_work_mem = '128MB';

do $$
declare
	month date;
	months constant date[] := array(select distinct log_month(server_timestamp) from unpartitioned_events);
begin
	foreach month in array months loop
		perform ensure_month(month);
		execute format('alter table %I drop constraint %I', month_table(month), month_table(month) || '_key');
	end loop;
	insert into analytics_events (
		id, event_type, session_id, shop_domain, data, device_context, client_timestamp, server_timestamp, user_agent, ip,
		clock_shift_ms, extra, commit_id
	)
	select
		id, event_type, session_id, shop_domain, data, device_context, client_timestamp, server_timestamp, user_agent, ip,
		clock_shift_ms, extra, commit_id
	from unpartitioned_events;
	foreach month in array months loop
		execute format(
			'alter table %I add constraint %I unique nulls not distinct (id, shop_domain)',
			month_table(month), month_table(month) || '_key'
		);
	end loop;
end $$;

drop table unpartitioned_events;

create index analytics_events_session on analytics_events (session_id, server_timestamp) where session_id is not null;
create index analytics_events_type on analytics_events (event_type, server_timestamp) include (shop_domain);
create index analytics_events_shop on analytics_events (shop_domain, server_timestamp);
create index analytics_events_server on analytics_events (server_timestamp);
-- What the server itself has said: a client may send events of such a type too, and many.
create index analytics_events_own on analytics_events (event_type, server_timestamp) where ip is null;
-- Each month grows at its end, so that a few pages of BRIN find a commit.
create index analytics_events_commit on analytics_events using brin (commit_id) with (pages_per_range = 32, autosummarize = on);

analyze analytics_events;
