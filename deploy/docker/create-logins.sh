#!/bin/bash
# Runs once, when the database is created: one login a service. The service's rights come with the
# role that its first migration fills.
set -euo pipefail
password=$(cat /run/secrets/ledger_password)
psql -v ON_ERROR_STOP=1 -v password="$password" -U postgres -d "$POSTGRES_DB" <<'EOF'
CREATE ROLE joulebook_ledger NOLOGIN;
CREATE ROLE ledger LOGIN IN ROLE joulebook_ledger PASSWORD :'password';
EOF
