#!/bin/bash
# Runs once, when the database is created: one login a service. The service's rights come with the
# role that its first migration fills.
set -euo pipefail
for service in ledger costing; do
  psql -v ON_ERROR_STOP=1 -v service="$service" -v group="joulebook_$service" \
    -v password="$(cat "/run/secrets/${service}_password")" -U postgres -d "$POSTGRES_DB" <<'EOF'
CREATE ROLE :"group" NOLOGIN;
CREATE ROLE :"service" LOGIN IN ROLE :"group" PASSWORD :'password';
EOF
done
