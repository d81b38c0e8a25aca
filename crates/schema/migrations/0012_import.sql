-- A cycle that stood open before the platform belongs to no order.
alter table cycles alter column order_id drop not null;

-- What was imported, by the reference key of its row, so that the same row is never taken twice. `vendor_id` is empty
-- where the row belongs to no vendor. The amounts of a line's rows add up to what the paper book leaves open.
create table import_rows (
  vendor_id text not null,
  kind text not null check (kind in ('VENDOR', 'RETAILER', 'LINE', 'PURCHASE', 'REPAYMENT')),
  row_key text not null,
  content_hash text not null,
  retailer_id text,
  subject text not null,
  amount_paisa bigint not null,
  imported_at bigint not null,
  primary key (vendor_id, kind, row_key)
) {clustered};
create index import_rows_of_line on import_rows (vendor_id, retailer_id, amount_paisa) where amount_paisa <> 0;

-- Whoever imports a batch holds this row, so that what another import takes meanwhile is known and not taken again.
create table import_turns (
  name text primary key
) {clustered};
insert into import_turns (name) values ('import');
