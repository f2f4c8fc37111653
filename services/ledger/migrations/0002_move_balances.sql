-- The balances after each transfer stand on the transfer; accounts keep no copy (ADR 0007). Whoever
-- commits says which revision of the book the decision saw, so a decision made without the lock
-- cannot land on another book than the one it was made for.
--
-- Locks accounts, holds and transfers for the time of a catalogue change; rewrites nothing.

ALTER TABLE ledger.accounts
  DROP COLUMN posted, DROP COLUMN reserved, DROP COLUMN pending, DROP COLUMN granted,
  DROP COLUMN earned, DROP COLUMN spent, DROP COLUMN version;

-- The hash of the transfer's leaf in the Merkle log, set by the writer. NULL on refused transfers and
-- on those committed before this migration, whose leaves are hashed from their content.
ALTER TABLE ledger.transfers ADD COLUMN leaf_hash bytea;

-- PostgreSQL parses a table's CHECKs anew for every statement: 29 of them took a third of the time of
-- a lone insert. One stays; the writer ends itself before it writes a negative amount, and the check
-- of the books covers the rest.
DO $$
DECLARE
  guard name;
BEGIN
  FOR guard IN SELECT conname FROM pg_constraint
               WHERE conrelid = 'ledger.transfers'::regclass AND contype = 'c' LOOP
    EXECUTE format('ALTER TABLE ledger.transfers DROP CONSTRAINT %I', guard);
  END LOOP;
END
$$;
ALTER TABLE ledger.transfers
  ADD CONSTRAINT committed_has_position CHECK ((result = 1) = (position IS NOT NULL));

-- A hold is written in the transaction of its transfer, by the only writer; checking the reference
-- again costs more than the row.
ALTER TABLE ledger.holds DROP CONSTRAINT holds_id_fkey;

ALTER TABLE ledger.book
  ADD COLUMN revision bigint NOT NULL DEFAULT 0,         -- counts commits
  ADD COLUMN states_revision bigint NOT NULL DEFAULT 0;  -- the last that changed a state or reputation

-- Takes the book's lock and moves its head on from the expected revision. SQLSTATE 40001 when
-- another writer was faster: decide again on the book as it is now.
CREATE FUNCTION ledger.advance_book(expected_revision bigint, position_now bigint,
                                    recorded_now bigint, members_now bigint, states_change boolean)
  RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE ledger.book
    SET last_position = position_now, last_recorded_us = recorded_now, member_count = members_now,
        revision = expected_revision + 1,
        states_revision = CASE WHEN states_change THEN expected_revision + 1
                               ELSE states_revision END
    WHERE revision = expected_revision;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the book has moved on' USING ERRCODE = 'serialization_failure';
  END IF;
END
$$;

-- For people with psql: each account's balances now.
CREATE VIEW ledger.balances AS
  SELECT a.id AS account_id, a.asset, coalesce(l.posted, 0) AS posted,
         coalesce(l.reserved, 0) AS reserved, coalesce(l.pending, 0) AS pending,
         coalesce(l.granted, 0) AS granted,
         coalesce(l.posted - l.granted + l.spent, 0) AS earned, coalesce(l.spent, 0) AS spent,
         coalesce(l.version, 0) AS version
  FROM ledger.accounts a LEFT JOIN LATERAL (
    (SELECT position, debit_posted AS posted, debit_reserved AS reserved, debit_pending AS pending,
            debit_granted AS granted, debit_spent AS spent, debit_version AS version
       FROM ledger.transfers WHERE debit_id = a.id AND result = 1 ORDER BY position DESC LIMIT 1)
    UNION ALL
    (SELECT position, credit_posted, credit_reserved, credit_pending, credit_granted, credit_spent,
            credit_version
       FROM ledger.transfers WHERE credit_id = a.id AND result = 1 ORDER BY position DESC LIMIT 1)
    ORDER BY position DESC LIMIT 1) l ON true;
GRANT SELECT ON ledger.balances TO joulebook_ledger;
