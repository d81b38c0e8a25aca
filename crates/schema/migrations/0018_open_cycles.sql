-- What is open by the day behind which it is late.
create index cycles_late on cycles (late_from, disputed_on, outstanding_paisa) where outstanding_paisa > 0;
