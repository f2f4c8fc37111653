-- Everything that a later decision depends on has a place in one log: transfers, the refused ones
-- too, and what they are decided by (ADR 0016). The book's row names the log's head, which is also
-- what a writer compares: last_position counts and head_hash identifies.
--
-- Refused transfers get their positions here, in the order of their times, after all that have one.
-- The rest of an existing book is taken into the log by the step of `ledgerd migrate` that comes
-- after the SQL. Until then head_hash is empty, and nothing is written.
--
-- Locks transfers, log_checkpoints and book for as long as it writes the refused transfers anew.

ALTER TABLE ledger.transfers DROP CONSTRAINT committed_has_position;
ALTER TABLE ledger.transfers DISABLE TRIGGER append_only;
WITH refused AS (
  SELECT id, row_number() OVER (ORDER BY recorded_us) AS number
    FROM ledger.transfers WHERE position IS NULL)
UPDATE ledger.transfers t SET position = b.last_position + r.number
  FROM refused r, ledger.book b WHERE t.id = r.id;
ALTER TABLE ledger.transfers ENABLE TRIGGER append_only;
UPDATE ledger.book
  SET last_position = (SELECT coalesce(max(position), 0) FROM ledger.transfers);

ALTER TABLE ledger.transfers ALTER COLUMN position SET NOT NULL;

-- The decisions that are no transfers. A position is here or in transfers.
CREATE TABLE ledger.records (
  position    bigint PRIMARY KEY CHECK (position > 0),
  recorded_us bigint NOT NULL,
  kind        smallint NOT NULL CHECK (kind BETWEEN 1 AND 4),
  subject_id  uuid NOT NULL,   -- the member or account that it is about
  content     bytea NOT NULL,  -- the canonical bytes
  leaf_hash   bytea NOT NULL CHECK (length(leaf_hash) = 32)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.records
  EXECUTE FUNCTION ledger.refuse_change();
GRANT SELECT, INSERT ON ledger.records TO joulebook_ledger;

ALTER TABLE ledger.book
  DROP COLUMN revision,
  DROP COLUMN states_revision,
  -- The leaf hash of the record at last_position.
  ADD COLUMN head_hash bytea NOT NULL DEFAULT '',
  -- The position of the last record that changed an account's state or a reputation.
  ADD COLUMN states_position bigint NOT NULL DEFAULT 0;

-- Takes the book's lock and moves its head on from the expected one. SQLSTATE 40001 when another
-- writer was faster, or the book is another one: decide again on the book as it is now.
DROP FUNCTION ledger.advance_book(bigint, bigint, bigint, bigint, boolean);
CREATE FUNCTION ledger.advance_book(expected_position bigint, expected_hash bytea,
                                    position_now bigint, hash_now bytea, recorded_now bigint,
                                    members_now bigint, states_now bigint)
  RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE ledger.book
    SET last_position = position_now, head_hash = hash_now, last_recorded_us = recorded_now,
        member_count = members_now, states_position = states_now
    WHERE last_position = expected_position AND head_hash = expected_hash;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the book has moved on' USING ERRCODE = 'serialization_failure';
  END IF;
END
$$;

-- Each checkpoint carries the hash of all before it, so that none can go or change unseen.
ALTER TABLE ledger.log_checkpoints ADD COLUMN chain_hash bytea;
ALTER TABLE ledger.log_checkpoints DISABLE TRIGGER append_only;
DO $$
DECLARE
  checkpoint ledger.log_checkpoints;
  chain bytea := '';
BEGIN
  FOR checkpoint IN SELECT * FROM ledger.log_checkpoints ORDER BY tree_size LOOP
    chain := sha256(chain || int8send(checkpoint.tree_size) || checkpoint.root ||
                    int8send(checkpoint.sealed_us) || convert_to(checkpoint.note, 'UTF8'));
    UPDATE ledger.log_checkpoints SET chain_hash = chain WHERE tree_size = checkpoint.tree_size;
  END LOOP;
END
$$;
ALTER TABLE ledger.log_checkpoints ENABLE TRIGGER append_only;
ALTER TABLE ledger.log_checkpoints ALTER COLUMN chain_hash SET NOT NULL;
