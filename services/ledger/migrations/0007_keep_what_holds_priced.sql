-- A quoted hold keeps what its quote priced, so that its charge can be held to it.
--
-- Adds columns with constant defaults: a catalogue change, no rewrite.

ALTER TABLE ledger.holds
  ADD COLUMN needs_settlement boolean NOT NULL DEFAULT false,
  ADD COLUMN priced_size_bytes bigint,
  ADD COLUMN priced_duration_s bigint,
  ADD COLUMN priced_redundancy integer;
