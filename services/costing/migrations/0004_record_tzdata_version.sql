-- Notes with each tariff the version of the time zone database that read it when it was published. Empty
-- for what was published before, and by a program that does not know of it. Safe online: a column with a
-- constant default.

ALTER TABLE costing.tariffs
  ADD COLUMN tzdata_version text NOT NULL DEFAULT '' CHECK (length(tzdata_version) <= 32);
