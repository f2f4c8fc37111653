-- Gives each row that a replica keeps in memory a mark of its own. Numbers are given again after the database
-- was turned back (restored, or a standby that lacked the last commits); marks are not, so a replica that finds
-- another mark at the number that it read last knows that it remembers another history.
--
-- Each table is locked, against reading too, for as long as it takes to write it anew. Programs of before go on
-- afterwards: the database gives the mark.

ALTER TABLE costing.tariffs ADD COLUMN mark uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE costing.congestion ADD COLUMN mark uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE costing.entitlements ADD COLUMN mark uuid NOT NULL DEFAULT gen_random_uuid();
