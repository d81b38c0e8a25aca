create table orders (
  retailer_id text not null references retailers (id),
  id text not null,
  code text not null,
  vendor_id text,
  payment_mode text not null check (payment_mode in ('CREDIT', 'CASH')),
  state text not null check (state in ('DRAFT', 'PLACED', 'OFFERED', 'CONFIRMED', 'DISPATCHED', 'DELIVERED', 'CANCELLED', 'FAILED', 'EXPIRED')),
  total_paisa bigint not null check (total_paisa >= 0),
  place text,
  latitude_micro bigint,
  longitude_micro bigint,
  reason text,
  delivery_code text,
  delivery_tries bigint not null,
  vendor_delivered_at bigint,
  retry_of text,
  last_event bigint not null,
  created_at bigint not null,
  state_at bigint not null,
  primary key (id, retailer_id)
) {clustered};
create index orders_of_retailer on orders (retailer_id, id);
create unique index orders_code on orders (code);
create index orders_open on orders (vendor_id, id) where state in ('OFFERED', 'CONFIRMED', 'DISPATCHED');
create index orders_drafts on orders (created_at) where state = 'DRAFT';

create table order_lines (
  retailer_id text not null,
  order_id text not null,
  number bigint not null,
  product_id text not null,
  quantity bigint not null check (quantity > 0),
  unit_price_paisa bigint not null check (unit_price_paisa >= 0),
  delivered_quantity bigint,
  primary key (order_id, number, retailer_id)
) {clustered};

-- The status log: every transition with actor, time and reason.
create table order_events (
  retailer_id text not null,
  order_id text not null,
  seq bigint not null,
  state text not null,
  vendor_id text,
  actor text not null,
  reason text,
  at bigint not null,
  primary key (order_id, seq, retailer_id)
) {clustered};

-- A stored answer of routing: every candidate, eligible or why not, with scores and weights.
create table routing_decisions (
  retailer_id text not null,
  order_id text not null,
  seq bigint not null,
  id text not null,
  chosen_vendor_id text,
  kind text not null check (kind in ('ROUTED', 'NAMED', 'OVERRIDE')),
  candidates text not null,
  actor text not null,
  reason text,
  at bigint not null,
  primary key (order_id, seq, retailer_id)
) {clustered};

-- An order put before one vendor, with a deadline. `outcome` is what became of an accepted one.
create table offers (
  retailer_id text not null,
  order_id text not null,
  id text not null,
  vendor_id text not null,
  state text not null check (state in ('OPEN', 'ACCEPTED', 'REJECTED', 'EXPIRED', 'WITHDRAWN')),
  deadline bigint not null,
  reason text,
  outcome text check (outcome in ('DELIVERED', 'WITHDRAWN_BY_VENDOR', 'ENDED_OTHERWISE')),
  outcome_at bigint,
  created_at bigint not null,
  answered_at bigint,
  primary key (order_id, id, retailer_id)
) {clustered};
create unique index offers_id on offers (id);
create index offers_open on offers (vendor_id, deadline) where state = 'OPEN';

-- The reliability of vendors, computed from their offers every six hours.
create table vendor_reliability (
  vendor_id text primary key,
  offers bigint not null,
  acceptance_hundredths bigint not null,
  completion_hundredths bigint not null,
  speed_hundredths bigint not null,
  steadiness_hundredths bigint not null,
  price_hundredths bigint not null,
  reliability_hundredths bigint not null,
  computed_at bigint not null
);
