create table retailers (
  id text primary key,
  name text not null,
  owner_name text not null,
  phone text not null,
  place text,
  latitude_micro bigint,
  longitude_micro bigint,
  language text not null check (language in ('NE', 'RNE', 'EN')),
  status text not null check (status in ('PENDING', 'ACTIVE', 'INACTIVE')),
  credit_status text not null check (credit_status in ('ACTIVE', 'PAUSED', 'BLOCKED')),
  credit_reason text,
  credit_cause text check (credit_cause in ('OPERATOR', 'OVERDUE')),
  credit_changed_by text,
  credit_changed_at bigint,
  cap_paisa bigint check (cap_paisa >= 0),
  created_at bigint not null,
  version bigint not null
);
create unique index retailers_phone on retailers (phone);

create table vendors (
  id text primary key,
  name text not null,
  owner_name text not null,
  phone text not null,
  place text,
  latitude_micro bigint,
  longitude_micro bigint,
  language text not null check (language in ('NE', 'RNE', 'EN')),
  status text not null check (status in ('ACTIVE', 'INACTIVE')),
  capacity bigint not null check (capacity >= 1),
  ceiling_paisa bigint check (ceiling_paisa >= 0),
  number_prefix text not null,
  created_at bigint not null,
  version bigint not null
);
create unique index vendors_phone on vendors (phone);
create unique index vendors_number_prefix on vendors (number_prefix);

create table users (
  id text primary key,
  login text not null,
  password_hash text not null,
  role text not null check (role in ('ADMIN', 'VENDOR', 'RETAILER')),
  retailer_id text references retailers (id),
  vendor_id text references vendors (id),
  status text not null check (status in ('ACTIVE', 'INACTIVE')),
  created_at bigint not null,
  check ((role = 'RETAILER') = (retailer_id is not null)),
  check ((role = 'VENDOR') = (vendor_id is not null))
);
create unique index users_login on users (login);

-- Refresh tokens, by the hash of the secret. A token used twice ends its whole family.
create table refresh_tokens (
  id text primary key,
  family text not null,
  user_id text not null references users (id),
  secret_hash text not null,
  created_at bigint not null,
  expires_at bigint not null,
  used_at bigint,
  revoked_at bigint
);
create index refresh_tokens_family on refresh_tokens (family);

-- How a sender is known: a phone (digits without +) or a business-scoped user id.
create table contact_identities (
  kind text not null check (kind in ('PHONE', 'USER_ID')),
  value text not null,
  retailer_id text references retailers (id),
  vendor_id text references vendors (id),
  verified_at bigint,
  created_at bigint not null,
  primary key (kind, value)
);
