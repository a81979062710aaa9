-- When a display's socket was closed; null: it was not, or the display came again. Known at once, where its silence is not.
alter table displays add column left_at timestamptz;
