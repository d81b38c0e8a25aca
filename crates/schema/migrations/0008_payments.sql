-- What of a payment waits for a cycle (an advance in the book), what of that was given back, and whether it was reversed.
alter table payments add column unapplied_paisa bigint not null default 0 check (unapplied_paisa >= 0);
alter table payments add column refunded_paisa bigint not null default 0 check (refunded_paisa >= 0);
alter table payments add column status text not null default 'RECORDED' check (status in ('RECORDED', 'REVERSED'));
alter table payments add column reversed_on text;
alter table payments add column reversal_reason text;
create unique index payments_id on payments (id);

create index repayments_of_payment on repayments (retailer_id, payment_id);

-- What a retailer says it paid; nothing counts before the vendor or an operator confirms it.
create table payment_claims (
  retailer_id text not null,
  id text not null,
  vendor_id text not null,
  amount_paisa bigint not null check (amount_paisa > 0),
  method text not null check (method in ('CASH', 'BANK', 'CHEQUE', 'ESEWA', 'KHALTI', 'FONEPAY', 'CONNECTIPS', 'OTHER')),
  reference text,
  reference_key text,
  paid_on text not null,
  status text not null check (status in ('OPEN', 'CONFIRMED', 'REJECTED')),
  reason text,
  payment_id text,
  actor text not null,
  created_at bigint not null,
  decided_by text,
  decided_at bigint,
  primary key (retailer_id, id)
) {clustered};
create unique index payment_claims_id on payment_claims (id);
create unique index payment_claims_reference on payment_claims (retailer_id, vendor_id, method, reference_key)
  where status = 'OPEN' and reference_key is not null;
create index payment_claims_open on payment_claims (vendor_id, id) where status = 'OPEN';

-- A retailer's history over all its books, by time.
create index journal_entries_of_retailer on journal_entries (retailer_id, id);
