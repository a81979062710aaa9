-- Who may see and who may send: people with their logins, screens with their displays, write keys, API tokens, and the
-- audit, which only grows. Secrets are kept as SHA-256 of at least 128 random bits; a password as scrypt.

create table users (
	id text primary key,
	-- What one logs in with.
	name text not null unique check (name = lower(name) and name <> ''),
	-- Null: nobody can log in with a password.
	password text,
	role text not null check (role in ('viewer', 'operator', 'admin')),
	-- Null: all. Whoever may change what belongs to all shops can not be limited to some.
	shops text[] check (shops is null or (role = 'viewer' and cardinality(shops) > 0)),
	-- The administrator of ADMIN_PASSWORD.
	from_settings boolean not null default false,
	created_at timestamptz not null default now(),
	disabled_at timestamptz
);

create table invitations (
	id text primary key,
	token_hash bytea not null unique,
	-- The name that the new user gets; null: they choose it.
	name text,
	role text not null check (role in ('viewer', 'operator', 'admin')),
	shops text[] check (shops is null or (role = 'viewer' and cardinality(shops) > 0)),
	-- Whose password it sets anew; null: it makes a new user.
	user_id text references users on delete cascade,
	created_by text not null,
	created_at timestamptz not null default now(),
	expires_at timestamptz not null,
	used_at timestamptz,
	revoked_at timestamptz
);

-- A person's browser.
create table logins (
	id text primary key,
	token_hash bytea not null unique,
	user_id text not null references users on delete cascade,
	created_at timestamptz not null default now(),
	seen_at timestamptz not null default now(),
	expires_at timestamptz not null,
	ended_at timestamptz,
	address text,
	user_agent text
);
create index logins_user on logins (user_id);

-- A named link for walls.
create table screens (
	id text primary key,
	name text not null,
	token_hash bytea not null unique,
	shops text[] check (shops is null or cardinality(shops) > 0),
	-- Whether figures are hidden.
	masked boolean not null default false,
	created_by text not null,
	created_at timestamptz not null default now(),
	expires_at timestamptz,
	revoked_at timestamptz
);

-- A browser that opened a screen's link.
create table displays (
	id text primary key,
	token_hash bytea not null unique,
	screen_id text not null references screens on delete cascade,
	created_at timestamptz not null default now(),
	seen_at timestamptz not null default now(),
	address text,
	user_agent text,
	-- What it said of itself: the build that it runs, and its size in CSS pixels.
	build text,
	width integer,
	height integer,
	ended_at timestamptz
);
create index displays_screen on displays (screen_id, seen_at desc);

create table write_keys (
	id text primary key,
	name text not null,
	-- Null: for all shops.
	shop text,
	-- server: it signs, and must never be in a browser.
	kind text not null check (kind in ('browser', 'server')),
	token_hash bytea not null unique,
	-- What a server key signs with: it cannot be checked by a hash.
	secret text check ((secret is not null) = (kind = 'server')),
	-- Origins that may use it; empty: any.
	origins text[] not null default '{}',
	created_by text not null,
	created_at timestamptz not null default now(),
	expires_at timestamptz,
	revoked_at timestamptz,
	last_used_at timestamptz
);

create table api_tokens (
	id text primary key,
	name text not null,
	token_hash bytea not null unique,
	scopes text[] not null check (cardinality(scopes) > 0),
	-- Null: all.
	shops text[] check (shops is null or cardinality(shops) > 0),
	created_by text not null,
	created_at timestamptz not null default now(),
	expires_at timestamptz,
	revoked_at timestamptz,
	last_used_at timestamptz
);

-- One row.
create table access_settings (
	one boolean primary key default true check (one),
	-- What becomes of events without a valid write key, once there is a key. mark: stored, and marked. require: refused.
	key_mode text not null default 'mark' check (key_mode in ('mark', 'require'))
);
insert into access_settings default values;

create table audit (
	id bigint generated always as identity primary key,
	at timestamptz not null default clock_timestamp(),
	actor_kind text not null,
	-- Of the user, screen or token; null where there is none.
	actor_id text,
	actor text not null,
	address text,
	-- Such as user.invited or screen.revoked.
	action text not null,
	-- What it was done to, as people call it.
	object text,
	detail jsonb not null default '{}'
);
create index audit_action on audit (action, id);

create function refuse_change() returns trigger
language plpgsql as $$
begin
	raise exception 'the table % only grows', tg_table_name using errcode = 'object_not_in_prerequisite_state';
end
$$;
create trigger audit_only_grows before update or delete or truncate on audit
	for each statement execute function refuse_change();

-- Whoever keeps what these tables say looks again. A hint, as all notifications are.
create function tell_access() returns trigger
language plpgsql as $$
begin
	perform pg_notify('access', tg_table_name);
	return null;
end
$$;
create trigger users_told after insert or delete or update of name, password, role, shops, disabled_at on users
	for each statement execute function tell_access();
create trigger logins_told after delete or update of ended_at on logins
	for each statement execute function tell_access();
create trigger screens_told after delete or update of name, shops, masked, expires_at, revoked_at on screens
	for each statement execute function tell_access();
create trigger displays_told after delete or update of ended_at on displays
	for each statement execute function tell_access();
create trigger write_keys_told after insert or delete or update of shop, origins, expires_at, revoked_at on write_keys
	for each statement execute function tell_access();
create trigger api_tokens_told after delete or update of scopes, shops, expires_at, revoked_at on api_tokens
	for each statement execute function tell_access();
create trigger access_settings_told after update on access_settings
	for each statement execute function tell_access();
