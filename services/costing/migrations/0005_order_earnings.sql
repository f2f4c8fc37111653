-- Earnings are numbered when they are committed, one after the other, and no two of a provider, source and
-- resource are for the same time.
--
-- A number from an identity column was drawn when a row was written, so that a row committed late could sort
-- before the end of a page that was read already. Now whoever records holds a lock and takes the next number.
-- A program of before cannot record earnings any more, and all else goes on. Claims that were recorded before
-- are as they are, also those of no time at all, and their state can be changed: the guards are for later ones.
--
-- The table is locked, against reading too, for as long as it takes to read it twice: for the check, and for an
-- index that no row of before is in.

-- uuid and smallint beside ranges in one index.
CREATE EXTENSION IF NOT EXISTS btree_gist;

ALTER TABLE costing.earnings ALTER COLUMN number DROP IDENTITY;
ALTER TABLE costing.earnings
  ADD COLUMN resource_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';

DO $$
DECLARE
  last_of_before bigint := (SELECT coalesce(max(number), 0) FROM costing.earnings);
BEGIN
  EXECUTE format(
    'ALTER TABLE costing.earnings
       ADD CONSTRAINT earnings_have_a_period CHECK (end_us > start_us OR number <= %1$s),
       ADD CONSTRAINT earnings_do_not_overlap EXCLUDE USING gist
         (provider_id WITH =, source WITH =, resource_id WITH =, int8range(start_us, end_us) WITH &&)
         WHERE (state <> 4 AND number > %1$s)',
    last_of_before);
END
$$;
