-- The last transfer that was committed before an instant is found at once, however many refused ones
-- lie between: the index by time leaves those out. It takes the place of the one over all, so a
-- transfer costs what it cost and a refusal less.
--
-- Locks transfers against writing while the index is built.
CREATE UNIQUE INDEX committed_by_time ON ledger.transfers (recorded_us) WHERE result = 1;
ALTER TABLE ledger.transfers DROP CONSTRAINT transfers_recorded_us_key;
