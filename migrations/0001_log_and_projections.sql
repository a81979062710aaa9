-- The log, its projections, and the outbox.
--
-- `analytics_events` is the truth. Every other table here but `commits` and `rejected_events` is a fold of it: a merge
-- that gives the same rows whatever the order, the batches and the repetitions in which the events came.
-- The statement that merges is src/lib/server/commit/statement.ts with src/lib/server/projections/*.ts.
--
-- Three kinds of merge do all of it:
--   sums       over newly inserted events only, so that a repeated event is counted once;
--   extremes   least() and greatest();
--   registers  columns named *_lww, "last writer wins": text[] whose first element is the stamp of the event that wrote
--              them (see event_stamp) and whose further elements are what it said. greatest() of two registers is the
--              later one, and null is earlier than all. The public columns follow from the registers. They are not generated columns:
--              Postgres prepares those anew for each statement, which cost a commit of one event more than all else.
--
-- All names are unqualified: `verify` and `rebuild` run this file again inside a shadow schema.
-- Text that keys or stamps are made of has collation "C": the order of bytes, the same on every server.

-- Functions -----------------------------------------------------------------------------------------------------------
-- All are total: whatever a client sent, they return a value or null and never raise, because one raised error would
-- fail the whole commit and with it the good events beside the odd one.

-- A number given as a JSON number or as its text; null for anything else, and beyond ±10^15. At most 12 decimals, without
-- zeros at their end, so that equal numbers are equal texts.
create function json_number(value jsonb) returns numeric
language sql immutable parallel safe
return case jsonb_typeof(value)
	when 'number' then
		case when value::numeric between -1e15 and 1e15 then trim_scale(round(value::numeric, 12)) end
	when 'string' then
		case when (value #>> '{}') ~ '^\s*[+-]?\d{1,15}(\.\d{1,12})?\s*$' then trim_scale((value #>> '{}')::numeric) end
end;

-- A whole number that fits into an integer column (rounded); null for anything else.
create function json_integer(value jsonb) returns integer
language sql immutable parallel safe
return case when json_number(value) between -2147483648 and 2147483647 then round(json_number(value))::integer end;

-- true or false, also as text or as 1 and 0; null for anything else.
create function json_boolean(value jsonb) returns boolean
language sql immutable parallel safe
return case lower(value #>> '{}') when 'true' then true when '1' then true when 'false' then false when '0' then false end;

-- An ISO 8601 time of the years 1900 to 2199, UTC where it names no zone, or milliseconds since 1970 in digits; null for anything else. A day past the end of
-- its month runs over into the next one, as in JavaScript.
create function iso_time(value text) returns timestamptz
language sql immutable parallel safe
return case
	when value ~ '^(19|20|21)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)?$'
	then (
		make_date(substr(value, 1, 4)::integer, substr(value, 6, 2)::integer, 1) + (substr(value, 9, 2)::integer - 1)
		+ make_time(
			substr(value, 12, 2)::integer,
			substr(value, 15, 2)::integer,
			coalesce(substring(value from '^.{17}(\d\d\.\d{1,6})'), substr(value, 18, 2))::double precision
		)
		- coalesce(
			make_interval(
				hours => substring(value from '([+-]\d\d):?\d\d$')::integer,
				mins => (substring(value from '([+-])\d\d:?\d\d$') || substring(value from '[+-]\d\d:?(\d\d)$'))::integer
			),
			interval '0'
		)
	) at time zone 'UTC'
	when value ~ '^\d{12,13}$' then to_timestamp(value::bigint / 1000::double precision)
end;

-- A text as it may stand in an index: at most 255 bytes. A longer one is shortened and told apart by its MD5.
create function key_text(value text) returns text
language sql immutable parallel safe
return case when octet_length(value) <= 255 then value else left(value, 50) || '~' || md5(value) end;

-- The place of an event in the order "by time, ties by id": 16 digits of microseconds since 1970, a space, the id.
-- Compared as bytes. Times before 1970 do not occur: the parser makes them null.
create function event_stamp(event_time timestamptz, id text) returns text
language sql stable parallel safe
return lpad((extract(epoch from event_time) * 1000000)::bigint::text, 16, '0') || ' ' || id;

-- The time in a stamp.
create function stamp_time(stamp text) returns timestamptz
language sql immutable parallel safe
return to_timestamp(left(stamp, 16)::bigint / 1e6::double precision);

-- The log -------------------------------------------------------------------------------------------------------------

-- One row a commit: the outbox of the archive, the order of what was known when, and the measure of freshness.
create table commits (
	id bigint generated always as identity primary key,
	committed_at timestamptz not null default clock_timestamp(),
	event_count integer not null,
	-- ingest, sweep, backfill, …: which program committed.
	source text not null
);

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
	event_time timestamptz not null generated always as (coalesce(client_timestamp, server_timestamp)) stored,
	constraint analytics_events_key unique nulls not distinct (shop_domain, id)
);

create index analytics_events_session on analytics_events (session_id, server_timestamp) where session_id is not null;
create index analytics_events_type on analytics_events (event_type, server_timestamp);
create index analytics_events_shop on analytics_events (shop_domain, server_timestamp);
-- The log grows at its end, so that a few pages of BRIN find a commit or a time range.
create index analytics_events_commit on analytics_events using brin (commit_id) with (pages_per_range = 32, autosummarize = on);

-- What could not be an event, kept whole.
create table rejected_events (
	-- Made where it was rejected, so that a commit that is tried again does not keep it twice.
	id uuid primary key,
	received_at timestamptz not null,
	reason text not null,
	raw bytea not null,
	user_agent text,
	ip text,
	replayed_at timestamptz
);

create index rejected_events_open on rejected_events (received_at) where replayed_at is null;

-- Projections ---------------------------------------------------------------------------------------------------------

create table sessions (
	session_id text collate "C" primary key,

	-- What is merged.
	first_event_at timestamptz not null,
	first_start_at timestamptz,
	shop_lww text[] collate "C",
	device_lww text[] collate "C",
	start_lww text[] collate "C",
	end_lww text[] collate "C",
	timeout_lww text[] collate "C",
	step_lww text[] collate "C",
	post_ar_lww text[] collate "C",
	-- The latest event that a client sent: its stamp, which brings the session back when it is later than a timeout, and
	-- its type, because sessions of some clients move by custom events alone.
	client_lww text[] collate "C",
	-- When the server last heard of the session, by its own clock: what the sweeper goes by. Null while all that is known
	-- of it is a timeout.
	received_at timestamptz,
	updated_at timestamptz not null,
	added_to_cart boolean not null default false,
	event_count integer not null,
	error_count integer not null default 0,
	steps_completed integer not null default 0,
	total_ai_cost numeric not null default 0,
	regeneration_cost numeric not null default 0,
	regeneration_requests integer not null default 0,
	ai_regenerations integer not null default 0,

	-- What people read.
	shop_domain text collate "C",
	status text not null,
	started_at timestamptz not null,
	ended_at timestamptz,
	-- As the client measured it; else from start to end; for a timeout to the last sign of life.
	duration_ms bigint,
	current_step text,
	abandonment_step text,
	abandonment_reason text,
	product_id text,
	product_title text,
	product_price numeric,
	device_type text,
	os text,
	os_version text,
	browser text,
	browser_version text,
	entry_point text,
	referrer text,
	flow text,
	env text,
	post_ar_action text,
	regeneration_count integer not null default 0,

	-- What the last merge replaced: the statement needs it to move the shops' counts, nobody else should.
	replaced_shop text collate "C",
	replaced_completed boolean not null default false
) with (fillfactor = 70);

create index sessions_active on sessions (started_at) where status = 'in_progress';
create index sessions_ended on sessions (ended_at, session_id) include (status) where ended_at is not null;
create index sessions_started on sessions (started_at, session_id) include (shop_domain);

create table session_steps (
	session_id text collate "C" not null,
	step text collate "C" not null,

	status_lww text[] collate "C",
	outcome_lww text[] collate "C",
	started_at timestamptz,
	completed_at timestamptz,
	retake_count integer not null,
	mask_edit_count integer not null,
	placement_adjustments integer not null,
	regeneration_count integer not null,

	status text,
	metadata jsonb,
	duration_ms bigint,
	auto_vs_manual text,
	auto_confidence numeric,
	error_code text,
	error_message text,

	-- Whether the last merge was the one that completed the step: moves sessions.steps_completed.
	completed_now boolean not null,
	primary key (session_id, step)
) with (fillfactor = 70);

create table errors (
	-- The id of its event.
	id text collate "C" not null,
	session_id text collate "C",
	shop_domain text collate "C",
	error_code text,
	error_message text,
	severity text not null,
	step text,
	stack_trace text,
	is_user_facing boolean,
	device_type text,
	os text,
	browser text,
	user_agent text,
	occurred_at timestamptz not null,
	acknowledged_at timestamptz,
	resolved_at timestamptz,
	constraint errors_key unique nulls not distinct (shop_domain, id)
);

create index errors_occurred on errors (occurred_at);
create index errors_session on errors (session_id) where session_id is not null;

create table ai_requests (
	-- A hash of the session (or shop) and the client's request id; of the event's own id where it sent none.
	id text collate "C" primary key,
	request_id text,
	session_id text collate "C",
	occurred_at timestamptz not null,

	-- One register a field: the outcome need not repeat what `pending` said. Outcomes stamp later than any pending.
	shop_domain_lww text[] collate "C",
	provider_lww text[] collate "C",
	model_lww text[] collate "C",
	model_version_lww text[] collate "C",
	operation_lww text[] collate "C",
	step_lww text[] collate "C",
	started_at_lww text[] collate "C",
	completed_at_lww text[] collate "C",
	duration_ms_lww text[] collate "C",
	status_lww text[] collate "C",
	cost_usd_lww text[] collate "C",
	is_regeneration_lww text[] collate "C",
	regeneration_reason_lww text[] collate "C",
	error_message_lww text[] collate "C",

	shop_domain text collate "C",
	provider text,
	model text,
	model_version text,
	operation text,
	step text,
	started_at timestamptz,
	completed_at timestamptz,
	duration_ms bigint,
	status text,
	cost_usd numeric,
	is_regeneration boolean,
	regeneration_reason text,
	error_message text,

	-- What the last merge replaced: moves the session's sums.
	replaced_cost numeric not null default 0,
	replaced_regeneration boolean not null default false
) with (fillfactor = 80);

create index ai_requests_occurred on ai_requests (occurred_at) include (cost_usd);
create index ai_requests_session on ai_requests (session_id) where session_id is not null;

create table shops (
	domain text collate "C" primary key,
	first_seen_at timestamptz not null,
	last_start_at timestamptz,
	first_session_event_at timestamptz,
	-- The latest session_started; for a shop whose sessions never sent one, its first event of a session.
	last_session_at timestamptz,
	total_sessions integer not null,
	completed_sessions integer not null
) with (fillfactor = 50);

create index shops_last_session on shops (last_session_at);
