-- A job tells how each try failed (one JSON object a line), how far it is, since when it is dead, and from when its wait
-- counts: a wait for so long begins anew where the clock was set back, one for a moment of the clock (null) does not.
alter table jobs add column wait_from bigint;
alter table jobs add column errors text not null default '';
alter table jobs add column done bigint;
alter table jobs add column total bigint;
alter table jobs add column saying text;
alter table jobs add column died_at bigint;

-- Many jobs are queued at one moment; the id behind it spares sorting them at every claim.
drop index jobs_ready;
create index jobs_ready on jobs (queue, run_at, id) where state = 'READY';
create index jobs_dead on jobs (queue, id) where state = 'DEAD';

-- What became of jobs, by the hour in which they ended. Processes add up in memory and write every few seconds.
create table queue_counts (
  queue text not null,
  hour bigint not null,
  done bigint not null,
  failed bigint not null,
  dead bigint not null,
  primary key (queue, hour)
) {clustered};

-- Queues that an operator holds.
create table queue_pauses (
  queue text primary key,
  at bigint not null,
  actor text not null,
  reason text not null
) {clustered};

-- The runs of schedules: one row a slot, whoever takes it, so that a slot runs once, whatever the clocks say. A run that an
-- operator wishes for has the moment of the wish as its slot.
create table schedule_slots (
  schedule text not null,
  slot bigint not null,
  run bigint not null,
  state text not null check (state in ('WANTED', 'RUNNING', 'DONE', 'FAILED')),
  asked_by text,
  attempts bigint not null,
  fence bigint not null,
  lease_until bigint not null,
  started_at bigint not null,
  finished_at bigint,
  outcome text,
  done bigint,
  total bigint,
  saying text,
  primary key (schedule, slot)
) {clustered};
create unique index schedule_slots_open on schedule_slots (schedule) where state in ('WANTED', 'RUNNING');
create unique index schedule_slots_run on schedule_slots (schedule, run);
insert into schedule_slots (schedule, slot, run, state, attempts, fence, lease_until, started_at, finished_at, outcome)
  select schedule, slot, 1, case when finished_at is null then 'FAILED' else 'DONE' end, 3, 1, 0, started_at, finished_at,
  outcome from schedule_runs;
drop table schedule_runs;
