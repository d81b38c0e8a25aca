-- What ended today, for the board, without walking what ended before.
create index orders_ended on orders (state, state_at) where state in ('DELIVERED', 'FAILED', 'CANCELLED');
