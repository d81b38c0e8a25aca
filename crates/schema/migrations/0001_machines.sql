-- Answers kept by idempotency key, for 30 days. A row without a status is a command under way in an open transaction.
-- Not clustered: SQLite moves a clustered row of more than a quarter of a page to pages of its own.
create table idempotency_keys (
  actor text not null,
  route text not null,
  key text not null,
  body_hash text not null,
  status bigint,
  headers text,
  body text,
  created_at bigint not null
);
create unique index idempotency_keys_key on idempotency_keys (actor, route, key);
create index idempotency_keys_age on idempotency_keys (created_at);

-- Work that waits for a worker. Finished work is deleted; dead work stays until an operator looks at it.
create table jobs (
  id text primary key,
  queue text not null,
  kind text not null,
  payload text not null,
  unique_key text,
  order_key text,
  position bigint not null,
  state text not null check (state in ('READY', 'RUNNING', 'DEAD')),
  run_at bigint not null,
  attempts bigint not null,
  lease_until bigint,
  fence bigint not null,
  last_error text,
  created_at bigint not null
) {clustered};
create index jobs_ready on jobs (queue, run_at) where state = 'READY';
create index jobs_running on jobs (lease_until) where state = 'RUNNING';
create index jobs_in_order on jobs (order_key, position, id) where order_key is not null and state <> 'DEAD';
create unique index jobs_unique on jobs (unique_key) where unique_key is not null and state = 'READY';

-- The last run of each schedule.
create table schedule_runs (
  schedule text primary key,
  slot bigint not null,
  started_at bigint not null,
  finished_at bigint,
  outcome text
);

create table audit_streams (
  stream text primary key,
  seq bigint not null,
  last_hash text not null
) {clustered};

create table audit_entries (
  stream text not null,
  seq bigint not null,
  at bigint not null,
  actor text not null,
  action text not null,
  subject text not null,
  state_before text,
  state_after text,
  reason text,
  request text not null,
  previous_hash text not null,
  hash text not null,
  primary key (at, stream, seq)
) {clustered};
create unique index audit_entries_seq on audit_entries (stream, seq);

-- Outgoing messages. `reason_key` says why it is sent, so that the same cause never sends twice.
create table outgoing_messages (
  id text primary key,
  reason_key text not null,
  address text not null,
  retailer_id text,
  vendor_id text,
  content text not null,
  template text,
  state text not null check (state in ('QUEUED', 'SENDING', 'SENT', 'DELIVERED', 'READ', 'FAILED', 'UNKNOWN')),
  wamid text,
  error text,
  created_at bigint not null,
  sent_at bigint,
  state_at bigint not null
) {clustered};
create unique index outgoing_messages_reason on outgoing_messages (reason_key);
create index outgoing_messages_wamid on outgoing_messages (wamid) where wamid is not null;
create index outgoing_messages_address on outgoing_messages (address, created_at);

-- When a person last wrote: for 24 hours after it they may be written to freely.
create table message_windows (
  address text primary key,
  heard_at bigint not null
) {clustered};
