-- A vendor's books, for its trial balance, its export and its check; books are kept by retailer first.
create index books_by_vendor on books (vendor_id, retailer_id);

-- The audit log of all streams by time.
