create table products (
  id text primary key,
  sku text not null,
  name text not null,
  name_ne text not null,
  unit text not null,
  pack_quantity bigint,
  pack_unit text,
  category text not null,
  aliases text not null,
  status text not null check (status in ('ACTIVE', 'INACTIVE')),
  created_at bigint not null,
  version bigint not null
);
create unique index products_sku on products (sku);

-- What a vendor sells. `held` is the part of `stock` that undelivered orders hold.
create table vendor_products (
  vendor_id text not null references vendors (id),
  product_id text not null references products (id),
  price_paisa bigint not null check (price_paisa > 0),
  stock bigint not null check (stock >= 0),
  held bigint not null check (held >= 0 and held <= stock),
  minimum_quantity bigint not null check (minimum_quantity >= 1),
  is_available bigint not null check (is_available in (0, 1)),
  updated_at bigint not null,
  primary key (vendor_id, product_id)
) {clustered};
create index vendor_products_by_product on vendor_products (product_id, vendor_id);

create table price_history (
  vendor_id text not null,
  product_id text not null,
  changed_at bigint not null,
  id text not null,
  price_paisa bigint not null,
  actor text not null,
  primary key (vendor_id, product_id, changed_at, id)
) {clustered};
