-- Earnings are numbered when they are committed, one after the other, and no two of a provider, source and
-- resource are for the same time.
--
-- A number from an identity column was drawn when a row was written, so that a row committed late could sort
-- before the end of a page that was read already. Now whoever records holds a lock and takes the next number.
-- A program of before cannot record earnings any more, and all else goes on. Claims that were recorded before
-- are as they are: the guards are for later ones. The lock on the table is held for as long as an index over
-- the later claims takes, which is none.

-- uuid and smallint beside ranges in one index.
CREATE EXTENSION IF NOT EXISTS btree_gist;

ALTER TABLE costing.earnings ALTER COLUMN number DROP IDENTITY;
ALTER TABLE costing.earnings
  ADD COLUMN resource_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  ADD CONSTRAINT earnings_have_a_period CHECK (end_us > start_us) NOT VALID;

DO $$
BEGIN
  EXECUTE format(
    'ALTER TABLE costing.earnings ADD CONSTRAINT earnings_do_not_overlap EXCLUDE USING gist
       (provider_id WITH =, source WITH =, resource_id WITH =, int8range(start_us, end_us) WITH &&)
       WHERE (state <> 4 AND number > %s)',
    (SELECT coalesce(max(number), 0) FROM costing.earnings));
END
$$;
