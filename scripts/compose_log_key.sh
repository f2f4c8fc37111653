#!/usr/bin/env bash
# Makes the log's signing key in .run/secrets, by the built image, where there is none yet; and beside it
# the public half for joulebook-verify.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -s .run/secrets/log_keys ] ||
  docker run --rm joulebook:dev new-log-key joulebook.local/ledger >.run/secrets/log_keys
docker run --rm -v "$PWD/.run/secrets/log_keys:/run/secrets/log_keys:ro" joulebook:dev \
  log-verifier-keys --log-keys-file /run/secrets/log_keys >.run/secrets/log_verifier_keys
