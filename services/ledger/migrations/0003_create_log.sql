-- The Merkle log over the committed transfers (RFC 6962): leaf n - 1 is the transfer at position n.
-- Safe online: it creates only.

-- Up to 256 hashes of 32 bytes each: level 0 the leaves, level L the roots of complete subtrees of
-- 256^L leaves. The last tile of a level grows, all others are full.
CREATE TABLE ledger.log_tiles (
  level  smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
  index  bigint NOT NULL CHECK (index >= 0),
  hashes bytea NOT NULL CHECK (length(hashes) % 32 = 0 AND length(hashes) BETWEEN 32 AND 8192),
  PRIMARY KEY (level, index)
);
ALTER TABLE ledger.log_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;  -- hashes do not compress
GRANT SELECT, INSERT ON ledger.log_tiles TO joulebook_ledger;
GRANT UPDATE (hashes) ON ledger.log_tiles TO joulebook_ledger;

-- What was published: one checkpoint per size at most, for ever.
CREATE TABLE ledger.log_checkpoints (
  tree_size bigint PRIMARY KEY CHECK (tree_size > 0),
  root      bytea NOT NULL CHECK (length(root) = 32),
  sealed_us bigint NOT NULL,
  note      text NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.log_checkpoints
  EXECUTE FUNCTION ledger.refuse_change();
GRANT SELECT, INSERT ON ledger.log_checkpoints TO joulebook_ledger;

-- Who seals. The fence counts the holders; a seal is one transaction that renews the lease first, so
-- a holder that slept through its lease seals nothing more.
CREATE TABLE ledger.log_lease (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  holder   uuid,
  fence    bigint NOT NULL DEFAULT 0,
  until_us bigint NOT NULL DEFAULT 0
);
INSERT INTO ledger.log_lease DEFAULT VALUES;
GRANT SELECT, UPDATE ON ledger.log_lease TO joulebook_ledger;
