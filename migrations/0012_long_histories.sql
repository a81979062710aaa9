-- What pages about errors read of a long range instead of a row for each error: their sums over shops, or over everything
-- but the shop, and how many sessions and shops each group hit last on which day. Errors are few among events, so that
-- keeping these costs a commit next to nothing. All of them follow from tables that there are already.

-- No commit may fall between what is summed here; and in the order in which commits lock, lest one of them and this wait
-- for each other: what follows locks error_group_sessions wholly, and sessions for its index after that.
lock table sessions, error_events, error_group_sessions, error_tallies in share row exclusive mode;

create table error_total_tallies (
	-- all_hour, all_day: over all shops, whose column is ''. shop_day, shop_week: of each shop ('' for none), nothing else told apart.
	grain text collate "C" not null,
	bucket timestamptz not null,
	group_key text collate "C" not null,
	shop text collate "C" not null,
	severity text collate "C" not null,
	step text collate "C" not null,
	errors bigint not null,
	-- With the sum, so that a long range reads nothing else.
	primary key (grain, bucket, group_key, shop, severity, step) include (errors)
) with (fillfactor = 80);

create index error_total_tallies_group on error_total_tallies (grain, group_key, bucket);

insert into error_total_tallies (grain, bucket, group_key, shop, severity, step, errors)
select place.grain, place.bucket, place.group_key, place.shop, place.severity, place.step, sum(errors)
from error_tallies as tally
cross join lateral (values
	('all_hour', hour_of(tally.bucket), tally.group_key, '', tally.severity, tally.step),
	('all_day', day_of(tally.bucket), tally.group_key, '', tally.severity, tally.step),
	('shop_day', day_of(tally.bucket), '', tally.shop, '', ''),
	('shop_week', week_of(tally.bucket), '', tally.shop, '', '')
) as place (grain, bucket, group_key, shop, severity, step)
where errors <> 0
group by 1, 2, 3, 4, 5, 6;

-- The group '' stands for any: one row for each session that an error hit.
alter table error_group_sessions
	-- What a merge replaced of last_at; null for a new row.
	add replaced_at timestamptz;

insert into error_group_sessions (group_key, session_id, last_at, errors)
select '', session_id, max(last_at), sum(errors) from error_group_sessions group by session_id;

-- Sessions by the UTC day of the latest error of a group in them, or of any ('').
create table error_session_tallies (
	group_key text collate "C" not null,
	bucket timestamptz not null,
	sessions bigint not null,
	primary key (group_key, bucket) include (sessions)
) with (fillfactor = 80);

insert into error_session_tallies (group_key, bucket, sessions)
select group_key, day_of(last_at), count(*) from error_group_sessions group by 1, 2;

-- When a group was last seen in each shop that has a name.
create table error_group_shops (
	group_key text collate "C" not null,
	shop text collate "C" not null,
	last_at timestamptz not null,
	primary key (group_key, shop)
) with (fillfactor = 80);

create index error_group_shops_last on error_group_shops (group_key, last_at);

insert into error_group_shops (group_key, shop, last_at)
select group_key, shop_domain, max(occurred_at) from error_events where shop_domain <> '' group by 1, 2;

-- The products that sessions were about, and the sessions of each: a product that few or none had is found without looking
-- through all that began.
create index sessions_product on sessions (
	(coalesce(left(product_id, 255), '') collate "C"), (coalesce(left(product_title, 255), '') collate "C"), started_at
);
