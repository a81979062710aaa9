-- Further stretches that pages over many days add up: weeks where a day has many rows, and hours for the ends of a range,
-- which were read from the rows of up to a day of sessions. They follow the rules of the tallies before them, and are
-- filled from what is folded already: a rebuild would need months that have left the log.

-- No commit may fall between what is summed here and what it would have added itself.
lock table sessions, session_tallies, ai_tallies, ai_part_tallies in share row exclusive mode;

-- ai_tallies has the further grains shop_hour and shop_week; ai_part_tallies has all_week and shop_week.

insert into ai_tallies (
	grain, shop, bucket, requests, unpriced, failed, regenerations, cost, failed_cost, regeneration_cost, failed_regeneration_cost
)
select
	longer, shop, case longer when 'shop_hour' then hour_of(bucket) else week_of(bucket) end, sum(requests), sum(unpriced),
	sum(failed), sum(regenerations), trim_scale(sum(cost)), trim_scale(sum(failed_cost)), trim_scale(sum(regeneration_cost)),
	trim_scale(sum(failed_regeneration_cost))
from ai_tallies
join (values ('shop_quarter', 'shop_hour'), ('shop_day', 'shop_week')) as stretches (shorter, longer) on shorter = grain
group by 1, 2, 3;

insert into ai_part_tallies (
	grain, shop, bucket, provider, model, operation, step, status, regeneration, requests, unpriced, cost
)
select
	longer, shop, week_of(bucket), provider, model, operation, step, status, regeneration, sum(requests), sum(unpriced),
	trim_scale(sum(cost))
from ai_part_tallies
join (values ('all_day', 'all_week'), ('shop_day', 'shop_week')) as stretches (shorter, longer) on shorter = grain
group by 1, 2, 3, 4, 5, 6, 7, 8, 9;

-- What is estimated is asked for by day, and mostly there is nothing to estimate.
create index ai_part_tallies_unpriced on ai_part_tallies (grain, shop, bucket) where unpriced > 0;

-- session_tallies has the further dimensions shop_hour and shop_week (each shop), and over all of them all_exit_week,
-- all_device_hour, all_exit_hour and all_post_ar_hour.

insert into session_tallies (
	dimension, shop, value, bucket, sessions, completed, abandoned, carts, with_errors, reached_1, reached_2, reached_3, reached_4,
	reached_5, cost, completed_cost, regeneration_cost
)
select
	longer, shop, value, case longer when 'shop_hour' then hour_of(bucket) else week_of(bucket) end, sum(sessions),
	sum(completed), sum(abandoned), sum(carts), sum(with_errors), sum(reached_1), sum(reached_2), sum(reached_3), sum(reached_4),
	sum(reached_5), trim_scale(sum(cost)), trim_scale(sum(completed_cost)), trim_scale(sum(regeneration_cost))
from session_tallies
join (values ('shop', 'shop_hour'), ('shop_day', 'shop_week'), ('all_exit', 'all_exit_week')) as stretches (shorter, longer)
	on shorter = dimension
group by 1, 2, 3, 4;

insert into session_tallies (
	dimension, shop, value, bucket, sessions, completed, abandoned, carts, with_errors, reached_1, reached_2, reached_3, reached_4,
	reached_5, cost, completed_cost, regeneration_cost
)
select
	dimension, '', value, hour_of(started_at), count(*), count(*) filter (where is_completed),
	count(*) filter (where status = 'abandoned'), count(*) filter (where added_to_cart), count(*) filter (where error_count > 0),
	count(*) filter (where steps_seen > 0 or is_completed), count(*) filter (where steps_seen >= 2 or is_completed),
	count(*) filter (where steps_seen >= 4 or is_completed), count(*) filter (where steps_seen >= 8 or is_completed),
	count(*) filter (where steps_seen >= 16 or is_completed), trim_scale(sum(total_ai_cost)),
	trim_scale(coalesce(sum(total_ai_cost) filter (where is_completed), 0)), trim_scale(sum(regeneration_cost))
from (select *, status = 'completed' as is_completed from sessions where status <> 'in_progress') as ended
cross join lateral (values
	('all_device_hour', coalesce(key_text(device_type), '')),
	('all_exit_hour', case when is_completed then '' else json_build_array(
		coalesce(key_text(abandonment_step), ''), coalesce(key_text(abandonment_reason), '')
	)::text end),
	('all_post_ar_hour', coalesce(key_text(post_ar_action), ''))
) as words (dimension, value)
group by 1, 3, 4;
