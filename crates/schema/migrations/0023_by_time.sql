-- What ends by itself, by when it ends: what has passed is looked for over all vendors, and is next to nothing.
drop index reservations_expiring;
create index reservations_expiring on reservations (expires_at, vendor_id)
  where state = 'ACTIVE' and expires_at is not null;
drop index offers_open;
create index offers_open on offers (deadline, vendor_id) where state = 'OPEN';
