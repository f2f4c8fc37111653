-- Costing: published tariffs, reports of demand, proofs of work that were shown, earnings.
--
-- Amounts are micro-joules (bigint), instants microseconds since 1970 UTC (bigint). Rules live in the
-- service; what is here are guards. Safe online: it creates only.

DO $$
BEGIN
  CREATE ROLE joulebook_costing NOLOGIN;
EXCEPTION
  WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this cluster has it
END
$$;
GRANT USAGE ON SCHEMA costing TO joulebook_costing;
GRANT SELECT ON costing.schema_migrations TO joulebook_costing;

CREATE FUNCTION costing.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

-- Published for ever. The text is canonical, and its hash is its name everywhere else.
CREATE TABLE costing.tariffs (
  number       bigint PRIMARY KEY CHECK (number > 0),  -- in the order of publication, without gaps
  hash         bytea NOT NULL UNIQUE,
  name         text NOT NULL CHECK (name ~ '^[a-z0-9_]{1,64}$'),
  version      bigint NOT NULL CHECK (version > 0),
  effective_us bigint NOT NULL CHECK (effective_us >= 0),
  published_us bigint NOT NULL CHECK (published_us >= 0),
  document     text NOT NULL,
  UNIQUE (name, version),
  CHECK (hash = sha256(convert_to(document, 'UTF8')))
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON costing.tariffs
  EXECUTE FUNCTION costing.refuse_change();
GRANT SELECT, INSERT ON costing.tariffs TO joulebook_costing;

-- What was reported of each class and period, and the factor that follows for the period after the
-- next. Whoever reads the rows in order finds every factor again.
CREATE TABLE costing.congestion (
  number          bigint PRIMARY KEY CHECK (number > 0),  -- in the order of reports, without gaps
  tariff_name     text NOT NULL,
  class_name      text NOT NULL,
  period          bigint NOT NULL CHECK (period >= 0),
  demand          bigint NOT NULL CHECK (demand >= 0),
  next_factor_ppm bigint NOT NULL CHECK (next_factor_ppm >= 1000000),
  UNIQUE (tariff_name, class_name, period)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON costing.congestion
  EXECUTE FUNCTION costing.refuse_change();
GRANT SELECT, INSERT ON costing.congestion TO joulebook_costing;

-- Proofs of work that were accepted, until their window is over: what the replicas share.
CREATE TABLE costing.shown_proofs (
  hash       bytea PRIMARY KEY CHECK (length(hash) = 32),
  expires_us bigint NOT NULL
);
CREATE INDEX shown_proofs_by_expiry ON costing.shown_proofs (expires_us);
GRANT SELECT, INSERT, DELETE ON costing.shown_proofs TO joulebook_costing;

CREATE TABLE costing.earnings (
  id                uuid PRIMARY KEY,
  number            bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  provider_id       uuid NOT NULL,
  source            smallint NOT NULL CHECK (source BETWEEN 1 AND 3),
  units             bigint NOT NULL CHECK (units >= 0),
  first_factor_ppm  bigint NOT NULL CHECK (first_factor_ppm >= 0),
  second_factor_ppm bigint NOT NULL CHECK (second_factor_ppm >= 0),
  start_us          bigint NOT NULL,
  end_us            bigint NOT NULL CHECK (end_us >= start_us),
  amount            bigint NOT NULL CHECK (amount >= 0),
  tariff_hash       bytea NOT NULL REFERENCES costing.tariffs (hash),
  state             smallint NOT NULL CHECK (state BETWEEN 1 AND 4)
);
CREATE INDEX earnings_by_provider ON costing.earnings (provider_id, end_us);
CREATE INDEX earnings_by_state ON costing.earnings (state, number);
GRANT SELECT, INSERT ON costing.earnings TO joulebook_costing;
GRANT UPDATE (state) ON costing.earnings TO joulebook_costing;
