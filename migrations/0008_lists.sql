-- A list of AI requests goes by time and id, of one shop or of all: with these it reads its own rows in its own order.

create index ai_requests_shop on ai_requests (shop_domain, occurred_at, id);

-- Also the sum over a moving window, which reads costs from the index alone.
drop index ai_requests_occurred;
create index ai_requests_occurred on ai_requests (occurred_at, id) include (cost_usd);
