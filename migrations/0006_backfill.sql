-- Reading the archive back: what was asked for and how far it is, what could not be read, and how log and archive
-- compared. None of it is a fold of the log.

create table backfill_jobs (
	id bigint generated always as identity primary key,
	-- Objects by the time in their names, [from, to), and the beginning of their names.
	from_time timestamptz not null,
	to_time timestamptz not null,
	prefix text not null,
	-- Reads and counts, and writes nothing.
	dry_run boolean not null,
	state text not null default 'waiting' check (state in ('waiting', 'running', 'paused', 'done', 'cancelled')),
	created_at timestamptz not null default clock_timestamp(),
	started_at timestamptz,
	ended_at timestamptz,
	updated_at timestamptz not null default clock_timestamp(),
	-- Who runs it, or ran it last.
	runner text,
	-- The latest name up to which all is done; '' before the first.
	done_through text collate "C" not null default '',
	-- What holds it up now: a store or a database that is away.
	fault text,

	objects bigint not null default 0,
	-- How many there are in all; null until they are counted.
	objects_total bigint,
	-- events = new + known + rejected.
	events bigint not null default 0,
	new_events bigint not null default 0,
	known_events bigint not null default 0,
	rejected bigint not null default 0,
	damaged bigint not null default 0,

	-- When it was last taken up, and what was done by then: the rate is of what came since.
	taken_up_at timestamptz,
	taken_up_objects bigint not null default 0,
	taken_up_events bigint not null default 0
);

create index backfill_jobs_open on backfill_jobs (id) where state in ('waiting', 'running', 'paused');

-- Objects of a job that gave nothing back.
create table backfill_faults (
	job bigint not null references backfill_jobs (id) on delete cascade,
	name text collate "C" not null,
	reason text not null,
	at timestamptz not null default clock_timestamp(),
	primary key (job, name)
);

-- Log and archive compared: the latest comparison of each stretch of time.
create table reconciliations (
	from_time timestamptz not null,
	to_time timestamptz not null,
	at timestamptz not null default clock_timestamp(),
	-- As src/lib/server/archive/reconcile.ts makes it.
	result jsonb not null,
	primary key (from_time, to_time)
);
