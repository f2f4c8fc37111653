-- Entitlements: what a member may be quoted beside the network's own prices, from when to when. A record of a
-- grant or of its revocation never changes; the newest one of an id is what holds. Safe online: it creates
-- only.

CREATE TABLE costing.entitlements (
  number      bigint PRIMARY KEY CHECK (number > 0),  -- in the order of commits, without gaps
  id          uuid NOT NULL,
  is_revoked  boolean NOT NULL,
  member_id   uuid NOT NULL,
  kind        smallint NOT NULL CHECK (kind BETWEEN 1 AND 2),  -- a discount, a tariff
  name        text NOT NULL CHECK (name ~ '^[a-z0-9_]{1,64}$'),
  start_us    bigint NOT NULL CHECK (start_us >= 0),
  end_us      bigint CHECK (end_us >= start_us),  -- exclusive; null: without end
  recorded_us bigint NOT NULL CHECK (recorded_us >= 0),
  UNIQUE (id, is_revoked)
);
CREATE INDEX entitlements_by_member ON costing.entitlements (member_id, number);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON costing.entitlements
  EXECUTE FUNCTION costing.refuse_change();
GRANT SELECT, INSERT ON costing.entitlements TO joulebook_costing;
