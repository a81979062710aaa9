-- As in 0013_old_months.sql, but nobody waits here for long. Ending what was interrupted half-way waits for every statement
-- that began before, also for one that waits here for its turn: two who came at once waited for each other until one was
-- failed as a deadlock. And who waited for a long reader kept all others from making any month. Now whoever does not get on
-- is told so (lock_not_available) and asks again: ensureMonth() in src/lib/server/db/log-months.ts. A month that is there is
-- seen without a turn.
create or replace function ensure_month(day date) returns boolean
language plpgsql
set lock_timeout = '200ms' as $$
declare
	first constant date := date_trunc('month', day)::date;
	name constant text := month_table(first);
	starts constant timestamptz := month_start(first);
	ends constant timestamptz := month_start((first + interval '1 month')::date);
	is_leaving boolean;
begin
	for has_turn in 0..1 loop
		if has_turn = 1 then
			perform pg_advisory_xact_lock(7403214);
		end if;
		select inhdetachpending into is_leaving
		from pg_inherits
		join pg_class on pg_class.oid = inhrelid
		where inhparent = 'analytics_events'::regclass and relname = name;
		if is_leaving is false then
			return false;
		end if;
	end loop;
	if is_leaving then
		execute format('alter table analytics_events detach partition %I finalize', name);
	elsif to_regclass(format('%I.%I', current_schema(), name)) is null then
		execute format('create table %I (like analytics_events including defaults including generated)', name);
		execute format('alter table %I add constraint %I unique nulls not distinct (id, shop_domain)', name, name || '_key');
	end if;
	execute format('alter table analytics_events attach partition %I for values from (%L) to (%L)', name, starts, ends);
	update log_months set restored_at = now() where month = first;
	return true;
end $$;
