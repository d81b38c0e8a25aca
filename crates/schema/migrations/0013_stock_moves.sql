-- Every change of what a vendor has in store, with its reason; append-only. `stock` is what stood there after it, and the
-- changes of a product add up to its stock. `order_id` is the order that was delivered.
create table stock_moves (
  vendor_id text not null,
  product_id text not null,
  id text not null,
  change bigint not null check (change <> 0),
  stock bigint not null check (stock >= 0),
  reason text not null check (reason in ('RECEIVED', 'RETURNED', 'SOLD', 'LOST', 'COUNTED', 'UPLOADED')),
  note text,
  order_id text,
  actor text not null,
  at bigint not null,
  primary key (vendor_id, product_id, id)
) {clustered};

-- What was in store before moves were written down begins each product's list; its id sorts before all others.
insert into stock_moves (vendor_id, product_id, id, change, stock, reason, note, order_id, actor, at)
  select p.vendor_id, p.product_id, 'mov_00000000000000000000000000', p.stock, p.stock, 'COUNTED', null, null, 'system',
    p.updated_at
  from vendor_products p where p.stock > 0;
