-- Coarser sums for pages that add up long ranges or all shops: without them a page over 90 days read a row for each day,
-- shop and word, and the single rows of up to two days at its ends. They follow the rules of the tallies before them.

-- The seven days from a Thursday that a time lies in: weeks of UTC, counted as the clock does from 1970.
create function week_of(at timestamptz) returns timestamptz
language sql immutable parallel safe
return date_bin('7 days', at, timestamptz '1970-01-01 00:00:00+00');

-- session_tallies has further dimensions: shop_day (each shop by day), and over all shops all_device, all_exit and
-- all_post_ar (by day) and all_product (by week: products are many, and mostly one shop's).

-- AI requests by the time of the request. `grain` says what is summed: over all shops, whose column is '', or of each
-- shop, '' for none.
drop table ai_tallies;
create table ai_tallies (
	-- all_quarter, all_hour, all_day, shop_quarter, shop_day
	grain text collate "C" not null,
	shop text collate "C" not null,
	bucket timestamptz not null,
	requests bigint not null,
	-- Requests of which nobody said what they cost.
	unpriced bigint not null,
	failed bigint not null,
	regenerations bigint not null,
	cost numeric not null,
	failed_cost numeric not null,
	regeneration_cost numeric not null,
	-- In both of the two before it.
	failed_regeneration_cost numeric not null,
	primary key (grain, shop, bucket)
) with (fillfactor = 70);

create index ai_tallies_bucket on ai_tallies (grain, bucket);

-- The same by what was asked of whom.
drop table ai_days;
create table ai_part_tallies (
	-- all_hour, all_day, shop_day
	grain text collate "C" not null,
	shop text collate "C" not null,
	bucket timestamptz not null,
	provider text collate "C" not null,
	model text collate "C" not null,
	operation text collate "C" not null,
	step text collate "C" not null,
	status text collate "C" not null,
	-- Why it was a regeneration; '' when it was none.
	regeneration text collate "C" not null,
	requests bigint not null,
	unpriced bigint not null,
	cost numeric not null,
	primary key (grain, shop, bucket, provider, model, operation, step, status, regeneration)
) with (fillfactor = 80);

create index ai_part_tallies_bucket on ai_part_tallies (grain, bucket);

insert into rebuilds_due select 'coarser tallies' where exists (select from commits);
