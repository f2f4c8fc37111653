#!/usr/bin/env bash
# Makes the log's and the quotes' signing keys in .run/secrets, by the built image, where there are none
# yet; and beside each the public half, for joulebook-verify and the ledger.
set -euo pipefail
cd "$(dirname "$0")/.."

tool() { # tool PROGRAM WORDS...: a program of the image, which sees the secrets
  docker run --rm -v "$PWD/.run/secrets:/run/secrets:ro" --entrypoint "/usr/local/bin/$1" joulebook:dev "${@:2}"
}
keys=.run/secrets
[ -s $keys/log_keys ] || tool ledgerd new-log-key joulebook.local/ledger >$keys/log_keys
[ -s $keys/quote_keys ] || tool costingd new-quote-key joulebook.local/costing >$keys/quote_keys
tool ledgerd log-verifier-keys --log-keys-file /run/secrets/log_keys >$keys/log_verifier_keys
tool costingd quote-verifier-keys --quote-keys-file /run/secrets/quote_keys >$keys/quote_verifier_keys
chmod 644 $keys/*
