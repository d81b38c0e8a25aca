-- How many reminders named the cycle, kept in the transaction that queues each.
alter table cycles add column reminders_sent bigint not null default 0;
create index cycles_promised on cycles (promised_on) where promised_on is not null and outstanding_paisa > 0;

-- What became of each stage of a cycle: `turn` tells the weeks and the broken promises of a cycle apart. A row that is
-- there is never sent again.
create table reminders (
  retailer_id text not null,
  cycle_id text not null,
  stage text not null check (stage in ('DAY_BEFORE', 'DUE', 'OVERDUE_3', 'WEEKLY', 'BROKEN_PROMISE')),
  turn text not null,
  vendor_id text not null,
  day text not null,
  state text not null check (state in ('SENT', 'SKIPPED')),
  reason text check (reason in ('MISSED', 'PROMISED', 'STOPPED')),
  message_id text,
  at bigint not null,
  primary key (retailer_id, cycle_id, stage, turn),
  check ((state = 'SENT') = (message_id is not null)),
  check ((state = 'SKIPPED') = (reason is not null))
) {clustered};
create index reminders_by_day on reminders (day, retailer_id, cycle_id, stage);

-- One row. `ran_on` is the last day whose reminders were all written.
create table reminder_settings (
  id bigint primary key check (id = 1),
  weekly bigint not null,
  ran_on text,
  version bigint not null
) {clustered};
insert into reminder_settings (id, weekly, version) values (1, 0, 1);

-- Whether somebody was reminded of anything since a moment.
create index outgoing_messages_reminders on outgoing_messages (address, created_at) where is_reminder = 1;
