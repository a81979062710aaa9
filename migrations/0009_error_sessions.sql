-- The sessions that a range's errors hit are counted from this index alone: their rows are wide, and there are many.
drop index error_events_occurred;
create index error_events_occurred on error_events (occurred_at, id) include (group_key, severity, session_id);
