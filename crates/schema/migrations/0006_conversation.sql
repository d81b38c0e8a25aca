-- Messages that people sent, each once by its WhatsApp id.
create table incoming_messages (
  wamid text primary key,
  address text not null,
  retailer_id text,
  vendor_id text,
  content text not null,
  sent_at bigint not null,
  received_at bigint not null,
  handled_at bigint
);
create index incoming_messages_address on incoming_messages (address, received_at);

-- Signed webhook items that could not be read, kept for a person.
create table unreadable_items (
  id text primary key,
  why text not null,
  body text not null,
  received_at bigint not null
);

-- Where the talk with one sender stands. `state` is the step's own JSON.
create table sessions (
  address text primary key,
  retailer_id text,
  vendor_id text,
  language text not null check (language in ('NE', 'RNE', 'EN')),
  step text not null,
  state text not null,
  updated_at bigint not null
) {clustered};

-- A retailer's own words for a product, learned after a confirmation.
create table learned_aliases (
  retailer_id text not null,
  alias text not null,
  product_id text not null,
  created_at bigint not null,
  primary key (retailer_id, alias)
) {clustered};
