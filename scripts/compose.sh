#!/usr/bin/env bash
# compose.sh up|test|down: the suite in containers.
#
#   up    makes secrets in .run/secrets where there are none, builds the image, starts everything
#   test  brings the stack up, runs the metered day against the published port, checks that
#         Prometheus has scraped every target and that no alert fires, takes all down. Images that
#         cannot be pulled get stand-ins of Debian's packages under the same tags, and grafana is
#         left out then. Starts a Docker engine of its own where none runs (needs root)
#   down  stops the suite; its data stays in the volumes
set -euo pipefail
cd "$(dirname "$0")/.."

token_line() { # token_line SECRET ROLES NAME
  echo "$(tr -d '\n' <".run/secrets/$1" | sha256sum | cut -d' ' -f1) $2 never $3"
}

make_secrets() {
  mkdir -p .run/secrets
  local name
  for name in postgres_password ledger_password costing_password grafana_password client_token \
    reader_token; do
    [ -s .run/secrets/$name ] || openssl rand -hex 24 >.run/secrets/$name
  done
  {
    token_line client_token writer,issuer,admin client
    token_line reader_token reader reader
  } >.run/secrets/tokens
  # Filled by compose_keys.sh, once there is an image.
  touch .run/secrets/log_keys .run/secrets/quote_keys .run/secrets/quote_verifier_keys
  chmod 755 .run .run/secrets
  chmod 644 .run/secrets/*
}

case "${1:-}" in
  up)
    scripts/packages.sh compose
    make_secrets
    docker-compose build
    scripts/compose_keys.sh
    docker-compose up -d
    docker-compose ps
    ;;
  down)
    docker-compose down
    ;;
  test)
    scripts/packages.sh compose
    make_secrets
    exec scripts/compose_test.sh
    ;;
  *)
    echo 'usage: ./dev compose up|test|down' >&2
    exit 2
    ;;
esac
