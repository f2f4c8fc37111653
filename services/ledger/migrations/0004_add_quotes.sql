-- Transfers priced by a quote keep it: the signed quote as it came, and, also where it comes from the
-- hold, its id and the hash of its tariff. Whoever has a transfer can do its price again.
--
-- Adds columns that are NULL on what is there: a catalogue change, no rewrite.

ALTER TABLE ledger.transfers
  ADD COLUMN quote bytea,        -- a serialized joulebook.type.v1.SignedQuote
  ADD COLUMN quote_id uuid,
  ADD COLUMN tariff_hash bytea;

-- How often, and for how much, a quote was used.
CREATE INDEX transfers_by_quote ON ledger.transfers (quote_id) WHERE quote IS NOT NULL;

ALTER TABLE ledger.holds
  ADD COLUMN quote_id uuid,
  ADD COLUMN tariff_hash bytea;
