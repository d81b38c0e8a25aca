-- Drafts are old by their last change. Those that expired are looked at once more, to be remembered.
drop index orders_drafts;
create index orders_drafts on orders (state_at) where state = 'DRAFT';
create index orders_expired on orders (state_at) where state = 'EXPIRED';
-- The order that tries another one again.
create index orders_retries on orders (retry_of) where retry_of is not null;

-- The vendor's word that an order was delivered, and what its retailer was asked and has said about it.
create table delivery_questions (
  retailer_id text not null,
  order_id text not null,
  said_at bigint not null,
  asked_again_at bigint,
  answered_at bigint,
  primary key (order_id, retailer_id)
) {clustered};
create index delivery_questions_open on delivery_questions (said_at) where answered_at is null;

-- Who does not want to be reminded of anything, by WhatsApp address, and which messages that concerns.
create table reminder_stops (
  address text primary key,
  stopped_at bigint not null
) {clustered};
alter table outgoing_messages add column is_reminder bigint not null default 0;
