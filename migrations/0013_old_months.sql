-- Months that are older than what is kept and stay in the log all the same: what the daily look last found in their way.
create table old_months (
	month date primary key,
	looked_at timestamptz not null default clock_timestamp(),
	-- unarchived: the archive lacks something of it; arrived: an event of it came while it left; else what an index tells.
	kept_because text not null check (kept_because in ('backfill', 'erasure', 'restored', 'unarchived', 'arrived'))
);

-- As in 0004_months.sql, and also where the month's leaving was interrupted half-way: then its table is still said to be a
-- part of the log, of which nobody sees anything any more. Ending that waits for statements that still may see it.
create or replace function ensure_month(day date) returns boolean
language plpgsql as $$
declare
	first constant date := date_trunc('month', day)::date;
	name constant text := month_table(first);
	starts constant timestamptz := month_start(first);
	ends constant timestamptz := month_start((first + interval '1 month')::date);
	is_leaving boolean;
begin
	perform pg_advisory_xact_lock(7403214);
	select inhdetachpending into is_leaving
	from pg_inherits
	join pg_class on pg_class.oid = inhrelid
	where inhparent = 'analytics_events'::regclass and relname = name;
	if is_leaving is false then
		return false;
	end if;
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
