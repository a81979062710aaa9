-- The archive: which commit lies in which object. Its rows are the ledger by which commits are grouped into objects before
-- the first byte is written, so that every event is in exactly one of them whoever is killed when.
-- src/lib/server/archive/shipper.ts tells how.

create table archive_objects (
	id bigint generated always as identity primary key,
	-- Known when its bytes are, and before they are written. Null for one whose events are all gone from the log.
	name text collate "C" unique,
	-- Where it was written, as /system shows it.
	store text,
	-- Its commits are those with its id between these two.
	first_commit bigint not null,
	last_commit bigint not null,
	commits integer not null,
	events integer not null,
	-- Estimated until it is written.
	bytes bigint not null,
	-- Of its bytes, in hex.
	sha256 text,
	-- When its oldest commit was made.
	oldest_at timestamptz not null,
	state text not null default 'waiting' check (state in ('waiting', 'shipped')),
	-- Who ships it has it until then, and by this token; a fault puts its next attempt there.
	claimed_until timestamptz not null default '-infinity',
	claim uuid,
	attempts integer not null default 0,
	last_error text,
	created_at timestamptz not null default clock_timestamp(),
	shipped_at timestamptz
);

create index archive_objects_waiting on archive_objects (claimed_until) where state = 'waiting';

alter table commits
	-- null: in none yet.
	add column archive_object bigint,
	-- Of what was committed, as JSON; null for commits that are older than this column.
	add column bytes integer;

-- What came from the archive is there already.
create index commits_unarchived on commits (id) where archive_object is null and source <> 'backfill';
