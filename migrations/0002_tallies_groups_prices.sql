-- What pages read instead of history: tallies (sums by a stretch of time and a few words), groups of errors, product
-- set-ups and prices. All are folds of the log like the tables before them, kept by the same commit statement.
--
-- A tally counts what it says in [bucket, bucket + grain). The grain is a quarter of an hour where a page draws a series,
-- because every time zone's day begins on one, and a UTC day where it adds up a whole range. Words are '' where there
-- is none: nulls would be hard to key by. A row whose sums have all returned to zero says nothing.

-- The quarter of an hour that a time lies in.
create function quarter_of(at timestamptz) returns timestamptz
language sql immutable parallel safe
return date_bin('15 minutes', at, timestamptz '2000-01-01 00:00:00+00');

-- The hour of UTC that a time lies in.
create function hour_of(at timestamptz) returns timestamptz
language sql immutable parallel safe
return date_bin('1 hour', at, timestamptz '2000-01-01 00:00:00+00');

-- The UTC day that a time lies in.
create function day_of(at timestamptz) returns timestamptz
language sql immutable parallel safe
return date_bin('1 day', at, timestamptz '2000-01-01 00:00:00+00');

-- A message without what differs from one occurrence to the next: addresses, ids, long hex, numbers.
create function message_shape(message text) returns text
language sql immutable parallel safe
return key_text(left(btrim(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
	left(message, 500),
	'(https?|wss?|blob|data|file):[^\s''")]+', '<url>', 'g'),
	'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', '<id>', 'gi'),
	-- Long words with a digit, and shorter ones with a letter after a digit: base64 and sha256 are none. Looking ahead is
	-- bounded, because it begins anew behind each hyphen.
	'\m(0x[0-9a-f]+|(?=[a-z_-]{0,40}\d)[0-9a-z_-]{12,}|(?=[0-9a-z_-]{0,40}\d[a-z])[0-9a-z_-]{6,})\M', '<id>', 'gi'),
	'\d+([.,]\d+)*', '<n>', 'g')), 500));

-- The group of an error: its code and the shape of its message.
create function error_group_key(code text, message text) returns text
language sql immutable parallel safe
return md5(coalesce(code, '') || chr(10) || coalesce(message_shape(message), ''));

-- The log -------------------------------------------------------------------------------------------------------------

-- The event log as a page lists it, and the edges of counts by shop.
create index analytics_events_server on analytics_events (server_timestamp);
-- What the server itself made: who said what of a group of errors, and which prices were set.
create index analytics_events_own on analytics_events (event_type, server_timestamp) where ip is null;
drop index analytics_events_type;
create index analytics_events_type on analytics_events (event_type, server_timestamp) include (shop_domain);

-- Rejected events as a page lists them, newest first: those of one batch came at one time.
drop index rejected_events_open;
create index rejected_events_open on rejected_events (received_at, id) where replayed_at is null;
create index rejected_events_received on rejected_events (received_at, id);

-- Sessions ------------------------------------------------------------------------------------------------------------

alter table sessions
	-- Bits of the five steps, the first step's the lowest: of which the client told anything but that it was skipped.
	add steps_seen integer not null default 0,
	-- What a merge replaced of what session_tallies counts; null when the session was in progress, which is not counted.
	add replaced_tally text[] collate "C";

create index sessions_shop on sessions (shop_domain, started_at, session_id);
create index sessions_status on sessions (status, started_at, session_id);

-- Ended sessions by the time they started. Those in progress are few and read from their own rows.
create table session_tallies (
	-- all, shop (by quarter of an hour); device, product, exit (where and why it was left), post_ar (by day).
	dimension text collate "C" not null,
	shop text collate "C" not null,
	value text collate "C" not null,
	bucket timestamptz not null,
	sessions bigint not null,
	completed bigint not null,
	abandoned bigint not null,
	carts bigint not null,
	with_errors bigint not null,
	-- Sessions that reached at least this step.
	reached_1 bigint not null,
	reached_2 bigint not null,
	reached_3 bigint not null,
	reached_4 bigint not null,
	reached_5 bigint not null,
	cost numeric not null,
	completed_cost numeric not null,
	regeneration_cost numeric not null,
	primary key (dimension, shop, bucket, value)
) with (fillfactor = 80);

create index session_tallies_bucket on session_tallies (dimension, bucket);

-- Errors --------------------------------------------------------------------------------------------------------------

alter table errors rename to error_events;
alter table error_events drop column acknowledged_at, drop column resolved_at, add group_key text collate "C" not null default '';
drop index errors_occurred;
create index error_events_occurred on error_events (occurred_at, id) include (group_key, severity);
create index error_events_group on error_events (group_key, occurred_at, id);
create index error_events_shop on error_events (shop_domain, occurred_at, id);

-- One row for each group: what happened, and what people said of it. What people say are events of the server's own.
create table error_groups (
	group_key text collate "C" primary key,

	-- [stamp, code, shape, message, severity, step, shop, session, id] of the latest error.
	last_lww text[] collate "C",
	-- [stamp, who]
	acknowledged_lww text[] collate "C",
	resolved_lww text[] collate "C",
	reopened_lww text[] collate "C",
	first_seen_at timestamptz,
	error_count bigint not null default 0,

	last_seen_at timestamptz,
	error_code text,
	message_shape text,
	severity text,
	step text,
	acknowledged_at timestamptz,
	acknowledged_by text,
	resolved_at timestamptz,
	resolved_by text,
	-- open, acknowledged, resolved, or came_back: resolved, and seen again since.
	state text not null
) with (fillfactor = 50);

create index error_groups_last_seen on error_groups (last_seen_at, group_key);

-- Errors of a group by session: how many sessions it hit.
create table error_group_sessions (
	group_key text collate "C" not null,
	session_id text collate "C" not null,
	last_at timestamptz not null,
	errors bigint not null,
	primary key (group_key, session_id)
) with (fillfactor = 80);

create index error_group_sessions_last on error_group_sessions (group_key, last_at);

create table error_tallies (
	bucket timestamptz not null,
	group_key text collate "C" not null,
	shop text collate "C" not null,
	severity text collate "C" not null,
	step text collate "C" not null,
	errors bigint not null,
	primary key (bucket, group_key, shop, severity, step)
) with (fillfactor = 80);

create index error_tallies_group on error_tallies (group_key, bucket);
create index error_tallies_shop on error_tallies (shop, bucket);

-- What people know as the table of errors: an error is acknowledged or resolved with its group, if it came before that.
create view errors as
select
	error.id, error.session_id, error.shop_domain, error.error_code, error.error_message, error.severity, error.step,
	error.stack_trace, error.is_user_facing, error.device_type, error.os, error.browser, error.user_agent,
	error.occurred_at,
	case when error.occurred_at <= known.acknowledged_at then known.acknowledged_at end as acknowledged_at,
	case when error.occurred_at <= known.resolved_at then known.resolved_at end as resolved_at,
	error.group_key
from error_events as error
left join error_groups as known using (group_key);

-- AI requests ---------------------------------------------------------------------------------------------------------

alter table ai_requests add replaced_tally text[] collate "C";

-- By quarter of an hour; shop '' has the sums of all shops, and of requests without one.
create table ai_tallies (
	shop text collate "C" not null,
	bucket timestamptz not null,
	requests bigint not null,
	failed bigint not null,
	regenerations bigint not null,
	cost numeric not null,
	failed_cost numeric not null,
	regeneration_cost numeric not null,
	-- In both of the two before it.
	failed_regeneration_cost numeric not null,
	primary key (shop, bucket)
) with (fillfactor = 70);

-- By UTC day and what was asked of whom.
create table ai_days (
	day timestamptz not null,
	shop text collate "C" not null,
	provider text collate "C" not null,
	model text collate "C" not null,
	operation text collate "C" not null,
	step text collate "C" not null,
	status text collate "C" not null,
	-- Why it was a regeneration; '' when it was none.
	regeneration text collate "C" not null,
	requests bigint not null,
	-- Requests of which nobody said what they cost.
	unpriced bigint not null,
	cost numeric not null,
	primary key (day, shop, provider, model, operation, step, status, regeneration)
) with (fillfactor = 80);

-- What requests cost that came without a cost: for a provider, model and operation ('' = any), from a UTC day on.
create table prices (
	provider text collate "C" not null,
	model text collate "C" not null,
	operation text collate "C" not null,
	valid_from date not null,
	-- [stamp, price or null when it was taken back, who]
	price_lww text[] collate "C",
	price_usd numeric,
	set_by text,
	set_at timestamptz,
	primary key (provider, model, operation, valid_from)
);

-- Events --------------------------------------------------------------------------------------------------------------

-- By the time the server received them.
create table event_tallies (
	-- quarter (of an hour), hour, day: over all shops, whose column is ''. A long range reads few rows, whatever its days
	-- begin with. shop_day: of each shop ('' for none). shop_hour_total, shop_day_total: the same over all types, whose column is ''.
	grain text collate "C" not null,
	event_type text collate "C" not null,
	shop text collate "C" not null,
	bucket timestamptz not null,
	events bigint not null,
	primary key (grain, event_type, shop, bucket)
) with (fillfactor = 70);

create index event_tallies_bucket on event_tallies (grain, shop, bucket);

-- Set-ups -------------------------------------------------------------------------------------------------------------

-- One row for each product of a shop that a merchant has begun to set up.
create table product_setups (
	shop text collate "C" not null,
	product_id text collate "C" not null,
	-- [stamp, started, completed or abandoned, the step it was abandoned at]
	state_lww text[] collate "C",
	started_at timestamptz,
	completed_at timestamptz,
	begun bigint not null default 0,
	images bigint not null default 0,
	state text,
	abandoned_at_step text,
	state_at timestamptz,
	primary key (shop, product_id)
) with (fillfactor = 70);

create index product_setups_state on product_setups (state_at, shop, product_id);

-- Rebuilds ------------------------------------------------------------------------------------------------------------

-- Why the folds must be made anew from the log before they are to be trusted; a rebuild empties it.
create table rebuilds_due (reason text not null);

insert into rebuilds_due select 'new tables' where exists (select from commits);
