-- What ended today, for the board, without walking what ended before.
create index orders_ended on orders (state, state_at) where state in ('DELIVERED', 'FAILED', 'CANCELLED');
-- A vendor's own orders, newest first; those that are open have `orders_open`.
create index orders_ended_of_vendor on orders (vendor_id, id) where state in ('DELIVERED', 'FAILED', 'CANCELLED');
