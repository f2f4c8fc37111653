-- Effects that happen once: a transfer may name its effect by a key of 16 bytes, and a hold carries the
-- key to its charge.
--
-- Adds columns that are NULL on what is there, and creates a table: no rewrite.

ALTER TABLE ledger.transfers ADD COLUMN once_key uuid;  -- as the request brought it, refused ones too
ALTER TABLE ledger.holds ADD COLUMN once_key uuid;

-- Who has each key that is not free: the POST or CHARGE that made the effect, or the RESERVE of a hold
-- that is open. It follows from the committed transfers, and the check of the books derives it anew.
CREATE TABLE ledger.once_keys (
  key         uuid PRIMARY KEY,
  transfer_id uuid NOT NULL,
  is_done     boolean NOT NULL
);
-- A done effect stays done.
CREATE TRIGGER done_is_final BEFORE UPDATE OR DELETE ON ledger.once_keys
  FOR EACH ROW WHEN (OLD.is_done) EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE TRUNCATE ON ledger.once_keys
  EXECUTE FUNCTION ledger.refuse_change();
GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.once_keys TO joulebook_ledger;
