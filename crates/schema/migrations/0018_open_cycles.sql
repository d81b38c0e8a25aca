-- What is open by the day behind which it is late, of one vendor or of all.
create index cycles_late on cycles (vendor_id, late_from, disputed_on, outstanding_paisa) where outstanding_paisa > 0;
