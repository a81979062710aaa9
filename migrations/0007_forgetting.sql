-- What was forgotten, and must stay so: jobs that erase, and the tombstones that keep a backfill, a replay or a late
-- client from bringing it back.

-- What stands for a session or a shop that was forgotten. The random text in it is made once and differs from that of any
-- other database, so that a list of known names tells nothing; it stands in the function, because looking it up in a table
-- for each event would cost a tenth of a commit. A domain is the same in capitals.
do $$
begin
	execute format(
		$function$
			create function forgotten_hash(kind text, subject text) returns bytea
			language sql stable parallel safe
			return sha256(
				%L::bytea || convert_to(kind || chr(10) || case kind when 'shop' then lower(subject collate "C") else subject end, 'UTF8')
			)
		$function$,
		decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
	);
end
$$;

create table tombstones (
	hash bytea primary key,
	-- session, event (one without a session): nothing of it is stored again. shop: nothing that the server received before
	-- it was erased, so that a shop can begin anew.
	kind text not null check (kind in ('session', 'event', 'shop')),
	erased_at timestamptz not null
);

-- Erasures make it a trigger of the log (see src/lib/server/forget/tombstones.ts). As long as nothing was forgotten there is none.
create function keep_forgotten_out() returns trigger
language plpgsql as $$
begin
	-- One look: this runs for each event.
	perform from tombstones
	where hash = any (array[
			forgotten_hash('session', new.session_id), forgotten_hash('shop', new.shop_domain),
			case when new.session_id is null then forgotten_hash('event', new.shop_domain || chr(10) || new.id) end
		])
		and (kind <> 'shop' or erased_at >= new.server_timestamp);
	if found then
		return null;
	end if;
	return new;
end
$$;

-- The same for what stands for events at the turn of a month, of which shop and time are known.
create function keep_forgotten_shops_out() returns trigger
language plpgsql as $$
begin
	perform from tombstones
	where hash = forgotten_hash('shop', new.shop_domain) and erased_at >= new.server_timestamp;
	if found then
		return null;
	end if;
	return new;
end
$$;

-- One row an erasure: the job while it runs, the certificate once it is done.
create table erasures (
	id uuid primary key default gen_random_uuid(),
	kind text not null check (kind in ('session', 'shop', 'customer')),
	-- What is to be erased in plain words, as long as the job needs it.
	subject jsonb,
	subject_hash bytea not null,
	-- operator, or shopify.
	requested_by text not null,
	-- A webhook that is delivered twice is one request.
	delivery text unique,
	requested_at timestamptz not null default clock_timestamp(),
	-- What is done next.
	step text not null default 'find' check (step in ('find', 'entomb', 'look', 'log', 'objects', 'rest', 'done')),
	-- Since when tombstones stand.
	erased_at timestamptz,
	-- How far the archive has been looked through.
	looked_until text,
	-- Rows by table, and objects.
	counts jsonb not null default '{}',
	-- Who works at it says so until then.
	claimed_until timestamptz,
	attempts integer not null default 0,
	last_error text,
	finished_at timestamptz,
	-- JSON, byte for byte as it is handed out.
	certificate text,
	certificate_sha256 text
);

create index erasures_requested on erasures (requested_at, id);
create index erasures_open on erasures (requested_at) where finished_at is null;

-- The sessions that go, …
create table erasure_sessions (
	erasure_id uuid not null references erasures on delete cascade,
	session_id text collate "C" not null,
	primary key (erasure_id, session_id)
);

-- … a person's events without a session, …
create table erasure_events (
	erasure_id uuid not null references erasures on delete cascade,
	shop_domain text collate "C" not null,
	id text collate "C" not null,
	primary key (erasure_id, shop_domain, id)
);

-- … and the objects that hold any of it: until it is done. Those that could not be read stay, for people to look at.
create table erasure_objects (
	erasure_id uuid not null references erasures on delete cascade,
	name text collate "C" not null,
	is_unreadable boolean not null,
	primary key (erasure_id, name)
);

-- Events that go and lie in the archive alone, because their month has left the log: what they counted is taken out by them.
create table erasure_archived_events (
	erasure_id uuid not null references erasures on delete cascade,
	like analytics_events including generated,
	unique nulls not distinct (erasure_id, id, shop_domain)
);

-- A person's request to know what is kept of them.
create table data_requests (
	id uuid primary key default gen_random_uuid(),
	-- The person in plain words; null once it is answered, or once the person was erased.
	subject jsonb,
	subject_hash bytea not null,
	delivery text unique,
	requested_at timestamptz not null default clock_timestamp(),
	answered_at timestamptz
);

create index data_requests_requested on data_requests (requested_at, id);
