-- Two workers may each see a different first job of one order key, where the earlier one was committed late. Only one of
-- them can then take its job.
create unique index jobs_one_at_a_time on jobs (order_key) where order_key is not null and state = 'RUNNING';
