-- Accounts are listed in the order in which they were opened: no later commit comes before the end of a
-- page. Locks records against writing while the indexes are built.
CREATE UNIQUE INDEX opening_of_account ON ledger.records (subject_id) WHERE kind = 2;
CREATE INDEX openings_in_order ON ledger.records (position) WHERE kind = 2;
