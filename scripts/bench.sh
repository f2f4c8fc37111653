#!/usr/bin/env bash
# bench.sh ledger|costing [--quick]: see bench_ledger.sh and bench_costing.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
case "$*" in
  ledger | costing | 'ledger --quick' | 'costing --quick') exec "scripts/bench_$1.sh" "${@:2}" ;;
  *)
    echo 'usage: ./dev bench ledger|costing [--quick]' >&2
    exit 2
    ;;
esac
