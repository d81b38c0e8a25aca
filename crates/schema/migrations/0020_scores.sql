-- Days overdue, those in dispute apart, on the day on which a cycle was paid off or closed; null while something is open.
alter table cycles add column late_days bigint check (late_days >= 0);
-- What ended before is counted by the days of its two dates since 1970.
update cycles set late_days = (select case when d.closed > d.late then d.closed - d.late else 0 end from (select
  365 * (cast(substr(s.closed_on, 1, 4) as bigint) - s.closed_early)
    + (cast(substr(s.closed_on, 1, 4) as bigint) - s.closed_early) / 4
    - (cast(substr(s.closed_on, 1, 4) as bigint) - s.closed_early) / 100
    + (cast(substr(s.closed_on, 1, 4) as bigint) - s.closed_early) / 400
    + (153 * (cast(substr(s.closed_on, 6, 2) as bigint) + 12 * s.closed_early - 3) + 2) / 5
    + cast(substr(s.closed_on, 9, 2) as bigint) as closed,
  365 * (cast(substr(s.late_from, 1, 4) as bigint) - s.late_early)
    + (cast(substr(s.late_from, 1, 4) as bigint) - s.late_early) / 4
    - (cast(substr(s.late_from, 1, 4) as bigint) - s.late_early) / 100
    + (cast(substr(s.late_from, 1, 4) as bigint) - s.late_early) / 400
    + (153 * (cast(substr(s.late_from, 6, 2) as bigint) + 12 * s.late_early - 3) + 2) / 5
    + cast(substr(s.late_from, 9, 2) as bigint) as late
  from (select cycles.closed_on as closed_on, cycles.late_from as late_from,
    case when cast(substr(cycles.closed_on, 6, 2) as bigint) < 3 then 1 else 0 end as closed_early,
    case when cast(substr(cycles.late_from, 6, 2) as bigint) < 3 then 1 else 0 end as late_early) s) d)
  where outstanding_paisa = 0 and closed_on is not null;
-- What ended by the later of its two dates: of the bills that were paid or fell due since a day, it finds no others.
create index cycles_ended on cycles (retailer_id, (case when closed_on > due_on then closed_on else due_on end), closed_on,
  due_on, disputed_on, late_days, principal_paisa, id) where outstanding_paisa = 0;

-- Due dates that were extended, so that a past day can be counted by the due date that it knew.
create table due_changes (
  retailer_id text not null,
  cycle_id text not null,
  version bigint not null,
  due_before text not null,
  due_after text not null,
  at bigint not null,
  primary key (retailer_id, cycle_id, version)
) {clustered};

-- The price of what arrived; null before that.
alter table orders add column delivered_paisa bigint check (delivered_paisa >= 0);
update orders set delivered_paisa = (select cast(coalesce(sum(l.unit_price_paisa * l.delivered_quantity), 0) as bigint)
  from order_lines l where l.order_id = orders.id and l.retailer_id = orders.retailer_id) where state = 'DELIVERED';
create index orders_delivered on orders (retailer_id, state_at, delivered_paisa, id) where state = 'DELIVERED';

-- A retailer's score now, with the facts it was computed from.
create table credit_scores (
  retailer_id text not null primary key,
  on_date text not null,
  score bigint not null check (score between 300 and 900),
  band text not null check (band in ('EXCELLENT', 'GOOD', 'FAIR', 'WEAK', 'POOR')),
  is_thin bigint not null check (is_thin in (0, 1)),
  facts text not null,
  computed_at bigint not null
) {clustered};

-- One row for each day on which a score was not what it was before. Components are in units of 10^-12.
create table credit_score_history (
  retailer_id text not null,
  on_date text not null,
  score bigint not null check (score between 300 and 900),
  is_thin bigint not null check (is_thin in (0, 1)),
  payment_value bigint not null,
  debt_value bigint not null,
  volume_value bigint not null,
  age_value bigint not null,
  cause text not null check (cause in ('DAILY', 'EVENT')),
  computed_at bigint not null,
  primary key (retailer_id, on_date)
) {clustered};

-- What each retailer and the system as a whole did, as it is told.
create table insights (
  retailer_id text not null primary key,
  figures text not null,
  computed_at bigint not null
) {clustered};
create table system_insights (
  id bigint not null primary key check (id = 1),
  figures text not null,
  computed_at bigint not null
) {clustered};
