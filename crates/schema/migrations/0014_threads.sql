-- Conversations that are in a person's hands: while a row stands here, the dialogue is silent. Nobody has taken it yet
-- where `taken_by` is null: the sender asked for a person.
create table taken_threads (
  address text primary key,
  taken_by text,
  taken_at bigint not null,
  unanswered_since bigint not null
) {clustered};

-- Who wrote last stands first in the list of conversations.
create index message_windows_heard on message_windows (heard_at, address);

-- Pictures, recordings and files that people sent, fetched from WhatsApp, which keeps them for seven days. `content` is
-- base64; `problem` says why it is not there.
create table media_files (
  media_id text primary key,
  address text not null,
  mime text not null,
  filename text,
  bytes bigint not null,
  content text,
  problem text,
  fetched_at bigint not null
);

-- What WhatsApp says it charges for a message: once for each, by the day of the first event that told it.
create table message_costs (
  message_id text primary key,
  day text not null,
  category text not null,
  kind text not null,
  is_billable bigint not null check (is_billable in (0, 1))
) {clustered};
create index message_costs_day on message_costs (day);
