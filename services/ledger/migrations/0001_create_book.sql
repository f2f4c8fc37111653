-- The ledger's book: assets, members, accounts, transfers, holds, reputation.
--
-- Amounts are minor units (bigint), instants microseconds since 1970 UTC (bigint, exact and what the
-- canonical bytes use); the views at the end show timestamps. Rules live in the service; what is
-- here are guards. Safe online: it creates only.

DO $$
BEGIN
  CREATE ROLE joulebook_ledger NOLOGIN;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this cluster has it
END
$$;
GRANT USAGE ON SCHEMA ledger TO joulebook_ledger;
GRANT SELECT ON ledger.schema_migrations TO joulebook_ledger;

CREATE TABLE ledger.assets (
  code  text PRIMARY KEY CHECK (code ~ '^[A-Z0-9]{1,12}$'),
  scale smallint NOT NULL CHECK (scale BETWEEN 0 AND 18),
  kind  smallint NOT NULL CHECK (kind BETWEEN 1 AND 4)
);
INSERT INTO ledger.assets VALUES ('J', 6, 1), ('KWH', 6, 1), ('USDT', 6, 2), ('THB', 2, 3);
GRANT SELECT ON ledger.assets TO joulebook_ledger;

-- One row. Whoever holds its lock is the only writer of the book, so positions have no gaps, rows
-- become visible in position order, and no two writers can wait for each other (ADR 0001).
CREATE TABLE ledger.book (
  only_row         boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  last_position    bigint NOT NULL DEFAULT 0 CHECK (last_position >= 0),
  last_recorded_us bigint NOT NULL DEFAULT 0,
  member_count     bigint NOT NULL DEFAULT 0
);
INSERT INTO ledger.book DEFAULT VALUES;
GRANT SELECT, UPDATE ON ledger.book TO joulebook_ledger;

CREATE TABLE ledger.members (
  id                uuid PRIMARY KEY,
  public_key        bytea NOT NULL CHECK (length(public_key) IN (0, 32)),
  display_name      text NOT NULL CHECK (octet_length(display_name) <= 64),
  trial_transfer_id uuid NOT NULL UNIQUE,
  number            bigint NOT NULL UNIQUE CHECK (number > 0),
  registered_us     bigint NOT NULL,
  overall_ppm       integer NOT NULL CHECK (overall_ppm BETWEEN 0 AND 1000000),
  quality_ppm       integer NOT NULL CHECK (quality_ppm BETWEEN 0 AND 1000000),
  contribution_ppm  integer NOT NULL CHECK (contribution_ppm BETWEEN 0 AND 1000000),
  behavior_ppm      integer NOT NULL CHECK (behavior_ppm BETWEEN 0 AND 1000000),
  social_ppm        integer NOT NULL CHECK (social_ppm BETWEEN 0 AND 1000000),
  violations        integer NOT NULL CHECK (violations >= 0),
  severity_sum_ppm  bigint NOT NULL CHECK (severity_sum_ppm >= 0),
  changes           bigint NOT NULL CHECK (changes >= 0)
);
GRANT SELECT, INSERT ON ledger.members TO joulebook_ledger;
GRANT UPDATE (overall_ppm, quality_ppm, contribution_ppm, behavior_ppm, social_ppm, violations,
              severity_sum_ppm, changes) ON ledger.members TO joulebook_ledger;

CREATE TABLE ledger.reputation_changes (
  id                     uuid PRIMARY KEY,
  member_id              uuid NOT NULL REFERENCES ledger.members,
  sequence               bigint NOT NULL CHECK (sequence > 0),
  recorded_us            bigint NOT NULL,
  cause                  smallint NOT NULL CHECK (cause BETWEEN 1 AND 7),
  quality_ppm            integer CHECK (quality_ppm BETWEEN 0 AND 1000000),
  contribution_ppm       integer CHECK (contribution_ppm BETWEEN 0 AND 1000000),
  behavior_ppm           integer CHECK (behavior_ppm BETWEEN 0 AND 1000000),
  social_ppm             integer CHECK (social_ppm BETWEEN 0 AND 1000000),
  violation_severity_ppm integer CHECK (violation_severity_ppm BETWEEN 0 AND 1000000),
  note                   text NOT NULL CHECK (octet_length(note) <= 256),
  after_overall_ppm      integer NOT NULL,
  after_quality_ppm      integer NOT NULL,
  after_contribution_ppm integer NOT NULL,
  after_behavior_ppm     integer NOT NULL,
  after_social_ppm       integer NOT NULL,
  after_violations       integer NOT NULL,
  after_severity_sum_ppm bigint NOT NULL,
  UNIQUE (member_id, sequence)
);
GRANT SELECT, INSERT ON ledger.reputation_changes TO joulebook_ledger;

CREATE TABLE ledger.accounts (
  id                 uuid PRIMARY KEY,
  owner_id           uuid REFERENCES ledger.members,
  asset              text NOT NULL REFERENCES ledger.assets,
  role               smallint NOT NULL CHECK (role BETWEEN 1 AND 7),
  lower_limit        bigint,
  upper_limit        bigint,
  state              smallint NOT NULL CHECK (state BETWEEN 1 AND 3),
  requires_signature boolean NOT NULL,
  metadata           jsonb NOT NULL,
  opened_us          bigint NOT NULL,
  posted             bigint NOT NULL DEFAULT 0,
  reserved           bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  pending            bigint NOT NULL DEFAULT 0 CHECK (pending >= 0),
  granted            bigint NOT NULL DEFAULT 0 CHECK (granted >= 0),
  earned             bigint NOT NULL DEFAULT 0 CHECK (earned >= 0),
  spent              bigint NOT NULL DEFAULT 0 CHECK (spent >= 0),
  version            bigint NOT NULL DEFAULT 0 CHECK (version >= 0),
  CHECK (posted::numeric = granted::numeric + earned - spent),
  CHECK (lower_limit IS NULL OR posted::numeric - reserved >= lower_limit),
  CHECK (upper_limit IS NULL OR posted::numeric + pending <= upper_limit),
  CHECK (upper_limit >= lower_limit),
  CHECK (state <> 3 OR (posted = 0 AND reserved = 0 AND pending = 0))
) WITH (fillfactor = 70);  -- room for updates on the same page (HOT): balances are in no index
CREATE INDEX accounts_by_owner ON ledger.accounts (owner_id, id);
GRANT SELECT, INSERT ON ledger.accounts TO joulebook_ledger;
GRANT UPDATE (posted, reserved, pending, granted, earned, spent, version, state)
  ON ledger.accounts TO joulebook_ledger;

-- The issuer of joules; the trial grants come from it.
INSERT INTO ledger.accounts (id, asset, role, state, requires_signature, metadata, opened_us)
VALUES ('00000000-0000-7000-8000-000000000001', 'J', 3, 1, false, '{"name": "joule issuer"}', 0);

-- Every decided transfer: committed ones have a position, refused ones a result other than 1 and
-- none. One table, so that an id is unique over both for ever. Append-only: neither UPDATE nor
-- DELETE is granted, and a trigger refuses them to everybody.
--
-- No foreign keys to accounts and holds: a refused row may name what does not exist, and for
-- committed rows the writer holds the book's lock and has read the accounts (ADR 0001).
CREATE TABLE ledger.transfers (
  id               uuid PRIMARY KEY,
  position         bigint UNIQUE CHECK (position > 0),
  recorded_us      bigint NOT NULL UNIQUE,
  result           smallint NOT NULL CHECK (result BETWEEN 1 AND 73),
  kind             smallint NOT NULL CHECK (kind BETWEEN 1 AND 6),
  -- 1 linked, 2 up_to, 4 keep_rest; 8, 16, 32, 64: the request itself named debit, credit, asset,
  -- operation (else they come from the target)
  flags            smallint NOT NULL,
  debit_id         uuid NOT NULL,
  credit_id        uuid NOT NULL,
  asset            text NOT NULL,
  operation        smallint NOT NULL CHECK (operation BETWEEN 0 AND 41),
  amount           bigint NOT NULL CHECK (amount >= 0),  -- asked for
  moved            bigint NOT NULL CHECK (moved >= 0),
  debit_posted     bigint NOT NULL,  -- balances of both accounts after this transfer
  debit_reserved   bigint NOT NULL CHECK (debit_reserved >= 0),
  debit_pending    bigint NOT NULL CHECK (debit_pending >= 0),
  debit_granted    bigint NOT NULL CHECK (debit_granted >= 0),
  debit_spent      bigint NOT NULL CHECK (debit_spent >= 0),
  debit_version    bigint NOT NULL CHECK (debit_version >= 0),
  credit_posted    bigint NOT NULL,
  credit_reserved  bigint NOT NULL CHECK (credit_reserved >= 0),
  credit_pending   bigint NOT NULL CHECK (credit_pending >= 0),
  credit_granted   bigint NOT NULL CHECK (credit_granted >= 0),
  credit_spent     bigint NOT NULL CHECK (credit_spent >= 0),
  credit_version   bigint NOT NULL CHECK (credit_version >= 0),
  target_id        uuid,
  hold_ttl_ms      bigint CHECK (hold_ttl_ms > 0),
  reference        text CHECK (octet_length(reference) BETWEEN 1 AND 128),
  block_id         bytea CHECK (length(block_id) BETWEEN 1 AND 64),
  data_size_bytes  bigint CHECK (data_size_bytes > 0),
  duration_s       bigint CHECK (duration_s > 0),
  redundancy       smallint CHECK (redundancy BETWEEN 1 AND 255),
  metadata         jsonb,
  effective_us     bigint,
  if_debit_available_at_least bigint,
  if_debit_version  bigint,
  if_credit_version bigint,
  signature        bytea CHECK (length(signature) = 64),
  CHECK ((result = 1) = (position IS NOT NULL)),
  CHECK (result <> 1 OR debit_id <> credit_id)
);
CREATE INDEX transfers_by_debit ON ledger.transfers (debit_id, position) WHERE result = 1;
CREATE INDEX transfers_by_credit ON ledger.transfers (credit_id, position) WHERE result = 1;
CREATE INDEX transfers_by_operation ON ledger.transfers (operation, position) WHERE result = 1;
CREATE INDEX transfers_by_reference ON ledger.transfers (reference, position)
  WHERE result = 1 AND reference IS NOT NULL;
CREATE INDEX reversals_by_target ON ledger.transfers (target_id) WHERE result = 1 AND kind = 5;
CREATE INDEX dated_by_debit ON ledger.transfers (debit_id, position)
  WHERE result = 1 AND effective_us IS NOT NULL;
CREATE INDEX dated_by_credit ON ledger.transfers (credit_id, position)
  WHERE result = 1 AND effective_us IS NOT NULL;
GRANT SELECT, INSERT ON ledger.transfers TO joulebook_ledger;

CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.transfers
  EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.reputation_changes
  EXECUTE FUNCTION ledger.refuse_change();

-- The state of each reservation; its history is in transfers.
CREATE TABLE ledger.holds (
  id         uuid PRIMARY KEY REFERENCES ledger.transfers,
  debit_id   uuid NOT NULL,
  credit_id  uuid NOT NULL,
  asset      text NOT NULL,
  operation  smallint NOT NULL,
  amount     bigint NOT NULL CHECK (amount > 0),
  remaining  bigint NOT NULL CHECK (remaining BETWEEN 0 AND amount),
  state      smallint NOT NULL CHECK (state BETWEEN 1 AND 4),
  expires_us bigint NOT NULL,
  CHECK ((state = 1) = (remaining > 0))
);
CREATE INDEX open_holds_by_expiry ON ledger.holds (expires_us, id) WHERE state = 1;
GRANT SELECT, INSERT ON ledger.holds TO joulebook_ledger;
GRANT UPDATE (remaining, state) ON ledger.holds TO joulebook_ledger;

-- For people with psql: the double entry, one line for each side of each committed transfer.
CREATE VIEW ledger.entries AS
  SELECT position, debit_id AS account_id, -moved AS amount, kind, asset, debit_posted AS posted,
         to_timestamp(recorded_us / 1000000.0) AS recorded_at
    FROM ledger.transfers WHERE result = 1 AND kind IN (1, 3, 5)
  UNION ALL
  SELECT position, credit_id, moved, kind, asset, credit_posted,
         to_timestamp(recorded_us / 1000000.0)
    FROM ledger.transfers WHERE result = 1 AND kind IN (1, 3, 5);
GRANT SELECT ON ledger.entries TO joulebook_ledger;
