-- Which write key vouched for an event, and which key took the place of which.

-- Null: none did. It says nothing of what the event is: no id, no duplicate and no projection depends on it.
alter table analytics_events add column key_id text collate "C";

-- A month whose drop was interrupted is no part of the log just now, and may become part of it again.
do $$
declare
	month_name name;
begin
	for month_name in
		select relname from pg_class
		where relnamespace = current_schema()::regnamespace and relkind = 'r' and not relispartition
			and relname ~ '^analytics_events_\d{4}_\d\d$'
	loop
		execute format('alter table %I add column if not exists key_id text collate "C"', month_name);
	end loop;
end $$;

-- The key whose place it takes: both hold until the older one expires.
alter table write_keys add column replaces text references write_keys;
create index write_keys_replaces on write_keys (replaces) where replaces is not null;
