-- A part of a payment is a repayment, or what was taken back of one because goods came back (`undoes` names it; its
-- figures are negative), or money for what had been written off (it settles no principal).
create table parts_of_payments (
  retailer_id text not null,
  cycle_id text not null,
  id text not null,
  vendor_id text not null,
  payment_id text not null,
  entry_id text not null,
  principal_paisa bigint not null,
  discount_paisa bigint not null,
  interest_paisa bigint not null,
  cash_paisa bigint not null,
  rounding_paisa bigint not null,
  paid_on text not null,
  created_at bigint not null,
  source text not null check (source in ('CASH', 'ADVANCE', 'RETURN', 'RECOVERY')),
  reversed_on text,
  undoes text,
  primary key (retailer_id, cycle_id, id),
  check (case source when 'RETURN' then principal_paisa < 0 when 'RECOVERY' then principal_paisa = 0
    else principal_paisa > 0 end),
  check ((source = 'RETURN') = (undoes is not null))
) {clustered};
insert into parts_of_payments (retailer_id, cycle_id, id, vendor_id, payment_id, entry_id, principal_paisa,
  discount_paisa, interest_paisa, cash_paisa, rounding_paisa, paid_on, created_at, source, reversed_on)
  select retailer_id, cycle_id, id, vendor_id, payment_id, entry_id, principal_paisa, discount_paisa, interest_paisa,
  cash_paisa, rounding_paisa, paid_on, created_at, source, reversed_on from repayments;
drop table repayments;
alter table parts_of_payments rename to repayments;
create index repayments_of_payment on repayments (retailer_id, payment_id);
