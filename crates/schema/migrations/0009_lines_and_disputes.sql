-- Every change of a line's conditions, with who, why, before and after. `version` is the line's own.
create table line_changes (
  retailer_id text not null,
  vendor_id text not null,
  version bigint not null,
  actor text not null,
  reason text,
  state_before text,
  state_after text not null,
  at bigint not null,
  primary key (retailer_id, vendor_id, version)
) {clustered};

-- A hold for an offer that its vendor has not answered counts until this moment; null once it is accepted.
alter table reservations add column expires_at bigint;
create index reservations_expiring on reservations (vendor_id, expires_at)
  where state = 'ACTIVE' and expires_at is not null;

-- What adjustments came to, and the last one's date; outstanding = principal - repaid + adjusted.
alter table cycles add column adjusted_paisa bigint not null default 0;
alter table cycles add column adjusted_on text;
-- Since when a dispute is open; the days of those that ended, as JSON; the due date moved by those days.
alter table cycles add column disputed_on text;
alter table cycles add column standstill text not null default '[]';
alter table cycles add column late_from text not null default '';
update cycles set late_from = due_on;
-- The day by which the retailer promised last to pay.
alter table cycles add column promised_on text;
drop index cycles_open;
create index cycles_open on cycles (retailer_id, vendor_id, due_on, number, late_from, disputed_on, outstanding_paisa)
  where outstanding_paisa > 0;

-- What was returned, conceded, written off or corrected. `amount_paisa` is what it did to the debt: a decrease is
-- negative. `advance_paisa` is what it gave back for goods that were paid already.
create table adjustments (
  retailer_id text not null,
  cycle_id text not null,
  id text not null,
  vendor_id text not null,
  kind text not null check (kind in ('RETURN', 'DISPUTE', 'WRITE_OFF', 'CORRECTION')),
  amount_paisa bigint not null,
  advance_paisa bigint not null default 0 check (advance_paisa >= 0),
  dispute_id text,
  reason text not null,
  entry_id text not null,
  adjusted_on text not null,
  actor text not null,
  created_at bigint not null,
  primary key (retailer_id, cycle_id, id)
) {clustered};
create unique index adjustments_id on adjustments (id);

create table disputes (
  retailer_id text not null,
  cycle_id text not null,
  id text not null,
  vendor_id text not null,
  order_line bigint,
  reason text not null,
  status text not null check (status in ('OPEN', 'UPHELD', 'REJECTED')),
  opened_on text not null,
  opened_by text not null,
  created_at bigint not null,
  decided_on text,
  decided_by text,
  decision text,
  adjustment_id text,
  primary key (retailer_id, cycle_id, id)
) {clustered};
create unique index disputes_id on disputes (id);
create unique index disputes_open on disputes (retailer_id, cycle_id) where status = 'OPEN';
create index disputes_of_vendor on disputes (vendor_id, id);

-- Promises to pay. Kept or broken follows from the day on which the cycle was paid off.
create table promises (
  retailer_id text not null,
  cycle_id text not null,
  id text not null,
  vendor_id text not null,
  promised_on text not null,
  note text,
  actor text not null,
  created_at bigint not null,
  replaced_at bigint,
  primary key (retailer_id, cycle_id, id)
) {clustered};
