-- Rejected events as a page lists them, newest first: those of one batch came at one time.
drop index rejected_events_open;
create index rejected_events_open on rejected_events (received_at, id) where replayed_at is null;
create index rejected_events_received on rejected_events (received_at, id);
