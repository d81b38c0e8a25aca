-- What a retailer may at most order at once, and how late it may be, over all its lines; each line has its own beside it.
alter table retailers add column max_order_paisa bigint check (max_order_paisa > 0);
alter table retailers add column max_overdue_days bigint check (max_overdue_days >= 0);
create index retailers_paused_for_overdue on retailers (id) where credit_cause = 'OVERDUE';

-- A retailer's latest cycles, the newest due first.
create index cycles_by_due on cycles (retailer_id, due_on desc, number);

-- How risky a retailer is: what was found when it last changed, and at the end of each day on which it did.
create table risk_scores (
  retailer_id text primary key,
  total bigint not null,
  level text not null check (level in ('LOW', 'MEDIUM', 'HIGH')),
  delay bigint not null,
  utilisation bigint not null,
  consecutive_delays bigint not null,
  order_spike bigint not null,
  facts text not null,
  scored_at bigint not null
) {clustered};
create index risk_scores_worst on risk_scores (total, retailer_id);

create table risk_score_days (
  retailer_id text not null,
  scored_on text not null,
  total bigint not null,
  level text not null,
  delay bigint not null,
  utilisation bigint not null,
  consecutive_delays bigint not null,
  order_spike bigint not null,
  facts text not null,
  primary key (retailer_id, scored_on)
) {clustered};

-- Versions of the rules, with who changed them, when and why. A category without a row is as it is by default.
create table risk_rules (
  category text not null,
  version bigint not null,
  rule text not null,
  reason text not null,
  actor text not null,
  at bigint not null,
  primary key (category, version)
) {clustered};

-- What the rules did, once for each cause: `cause_key` is unique while the cause lasts, which ends with `ended_at`.
create table risk_actions (
  retailer_id text not null,
  id text not null,
  vendor_id text,
  line_id text,
  kind text not null check (kind in ('PAUSE', 'CUT', 'RESTORE')),
  category text not null,
  rule_version bigint not null,
  cause_key text not null,
  cycles text not null,
  before_paisa bigint,
  after_paisa bigint,
  line_version bigint,
  facts text not null,
  at bigint not null,
  ended_at bigint,
  ended_how text check (ended_how in ('LIFTED', 'UNDONE', 'RESTORED', 'OVERRIDDEN')),
  cause_ended_at bigint,
  primary key (retailer_id, id)
) {clustered};
create unique index risk_actions_id on risk_actions (id);
create unique index risk_actions_cause on risk_actions (cause_key) where cause_ended_at is null;
create index risk_actions_running on risk_actions (kind, retailer_id, line_id) where ended_at is null;
create index risk_actions_shielding on risk_actions (retailer_id, kind) where cause_ended_at is null;

-- What a person should look at. An alert lasts as long as its cause, whatever people did about it.
create table risk_alerts (
  retailer_id text not null,
  id text not null,
  category text not null,
  rule_version bigint not null,
  state text not null check (state in ('OPEN', 'ACKNOWLEDGED', 'RESOLVED')),
  facts text not null,
  at bigint not null,
  cause_ended_at bigint,
  acknowledged_by text,
  acknowledged_at bigint,
  resolved_by text,
  resolved_at bigint,
  note text,
  version bigint not null,
  primary key (retailer_id, id)
) {clustered};
create unique index risk_alerts_id on risk_alerts (id);
create unique index risk_alerts_cause on risk_alerts (retailer_id, category) where cause_ended_at is null;
create index risk_alerts_open on risk_alerts (id) where state <> 'RESOLVED';
