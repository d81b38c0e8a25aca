-- A book is what one retailer and one vendor have with each other. Its row is the head of the entries' chain.
create table books (
  retailer_id text not null,
  vendor_id text not null,
  seq bigint not null,
  last_hash text not null,
  created_at bigint not null,
  primary key (retailer_id, vendor_id)
) {clustered};

create table journal_entries (
  retailer_id text not null,
  vendor_id text not null,
  seq bigint not null,
  id text not null,
  kind text not null,
  business_date text not null,
  recorded_at bigint not null,
  actor text not null,
  order_id text,
  cycle_id text,
  payment_id text,
  reverses text,
  memo text not null,
  previous_hash text not null,
  hash text not null,
  primary key (retailer_id, vendor_id, seq)
) {clustered};
create unique index journal_entries_id on journal_entries (id);

-- One side of an entry: a debit is positive, a credit negative; the postings of an entry sum to zero.
create table postings (
  retailer_id text not null,
  vendor_id text not null,
  seq bigint not null,
  number bigint not null,
  account text not null,
  amount_paisa bigint not null check (amount_paisa <> 0),
  primary key (retailer_id, vendor_id, seq, number)
) {clustered};

-- What one vendor lets one retailer owe. The kept position (`reserved_paisa`, `outstanding_paisa`) is written in the
-- transaction of its event and carries that event's number on the line (`position_seq`).
create table credit_lines (
  retailer_id text not null references retailers (id),
  vendor_id text not null references vendors (id),
  id text not null,
  limit_paisa bigint not null check (limit_paisa >= 0),
  terms_days bigint not null check (terms_days >= 0),
  status text not null check (status in ('ACTIVE', 'PAUSED', 'BLOCKED')),
  status_reason text,
  max_order_paisa bigint check (max_order_paisa > 0),
  max_overdue_days bigint not null check (max_overdue_days >= 0),
  terms_version bigint not null,
  reserved_paisa bigint not null check (reserved_paisa >= 0),
  outstanding_paisa bigint not null check (outstanding_paisa >= 0),
  position_seq bigint not null,
  version bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (retailer_id, vendor_id)
) {clustered};
create unique index credit_lines_id on credit_lines (id);
create index credit_lines_by_vendor on credit_lines (vendor_id, retailer_id);

-- Settlement terms of a line, versioned; a cycle keeps the version that was in force at its start.
create table settlement_terms (
  retailer_id text not null,
  vendor_id text not null,
  version bigint not null,
  terms text not null,
  actor text not null,
  created_at bigint not null,
  primary key (retailer_id, vendor_id, version)
) {clustered};

-- Credit held for an order. `taken_seq` and `ended_seq` are the line's `position_seq` of the two events.
create table reservations (
  retailer_id text not null,
  id text not null,
  vendor_id text not null,
  order_id text not null,
  amount_paisa bigint not null check (amount_paisa > 0),
  state text not null check (state in ('ACTIVE', 'RELEASED', 'CONVERTED')),
  reason text,
  taken_seq bigint not null,
  ended_seq bigint,
  cycle_id text,
  entry_id text,
  created_at bigint not null,
  ended_at bigint,
  primary key (retailer_id, order_id, id)
) {clustered};
create unique index reservations_id on reservations (id);
create unique index reservations_of_order on reservations (retailer_id, order_id) where state = 'ACTIVE';

-- One delivered credit order and its repayments.
create table cycles (
  retailer_id text not null,
  id text not null,
  vendor_id text not null,
  number text not null,
  order_id text not null,
  principal_paisa bigint not null check (principal_paisa > 0),
  outstanding_paisa bigint not null check (outstanding_paisa >= 0),
  repaid_paisa bigint not null,
  discount_paisa bigint not null,
  interest_paisa bigint not null,
  status text not null check (status in ('ACTIVE', 'PARTIALLY_PAID', 'FULLY_PAID', 'CLOSED')),
  started_on text not null,
  due_on text not null,
  terms_version bigint not null,
  last_repayment_on text,
  closed_on text,
  note text,
  version bigint not null,
  created_at bigint not null,
  primary key (retailer_id, id)
) {clustered};
create unique index cycles_id on cycles (id);
create unique index cycles_number on cycles (vendor_id, number);
create index cycles_open on cycles (retailer_id, vendor_id, due_on, number, outstanding_paisa) where outstanding_paisa > 0;

-- Money received once.
create table payments (
  vendor_id text not null,
  id text not null,
  retailer_id text not null,
  amount_paisa bigint not null check (amount_paisa > 0),
  method text not null check (method in ('CASH', 'BANK', 'CHEQUE', 'ESEWA', 'KHALTI', 'FONEPAY', 'CONNECTIPS', 'OTHER')),
  reference text,
  reference_key text,
  paid_on text not null,
  actor text not null,
  created_at bigint not null,
  primary key (vendor_id, id)
) {clustered};
create unique index payments_reference on payments (vendor_id, method, reference_key) where reference_key is not null;
create index payments_of_retailer on payments (retailer_id, vendor_id, id);

-- The part of a payment that went to one cycle.
-- A part of a payment is a repayment, or what was taken back of one because goods came back (`undoes` names it; its
-- figures are negative), or money for what had been written off (it settles no principal).
create table repayments (
  retailer_id text not null,
  cycle_id text not null,
  id text not null,
  vendor_id text not null,
  payment_id text not null,
  entry_id text not null,
  source text not null check (source in ('CASH', 'ADVANCE', 'RETURN', 'RECOVERY')),
  principal_paisa bigint not null,
  discount_paisa bigint not null,
  interest_paisa bigint not null,
  cash_paisa bigint not null,
  rounding_paisa bigint not null,
  paid_on text not null,
  created_at bigint not null,
  reversed_on text,
  undoes text,
  primary key (retailer_id, cycle_id, id),
  check (case source when 'RETURN' then principal_paisa < 0 when 'RECOVERY' then principal_paisa = 0
    else principal_paisa > 0 end),
  check ((source = 'RETURN') = (undoes is not null))
) {clustered};

-- Numbers that people can say, drawn in blocks by a process; gaps are fine.
create table number_blocks (
  vendor_id text not null,
  kind text not null,
  next_number bigint not null,
  primary key (vendor_id, kind)
) {clustered};
