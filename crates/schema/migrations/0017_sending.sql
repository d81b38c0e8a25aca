-- That WhatsApp refuses the account, since when and why: one row while it does, for the operators.
create table sending_alerts (
  id bigint primary key check (id = 1),
  since bigint not null,
  seen_at bigint not null,
  why text not null
) {clustered};

-- The messages to one address, newest first: ids grow with time, and pages go on from the last id.
drop index outgoing_messages_address;
create index outgoing_messages_address on outgoing_messages (address, id);
