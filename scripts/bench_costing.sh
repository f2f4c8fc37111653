#!/usr/bin/env bash
# bench_costing.sh [--quick]: the real costing service beside an empty gRPC echo, Ed25519 and the mere
# reading of a trace, in one run. Each pair is measured in turns, several times, and the medians count.
# Prints a table, and as its last line the ratios as one JSON object.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/postgres.sh
. scripts/postgres.sh

seconds=4 rounds=5 lines=1000000
if [ "${1:-}" = --quick ]; then
  seconds=1 rounds=3 lines=200000
fi

scripts/build.sh dev costingd costing-bench metered-day >/dev/null
bin=build/dev/bin
dir=$(mktemp -d)
pids=()
clean_up() {
  for pid in "${pids[@]}"; do { kill "$pid" && wait "$pid"; } 2>/dev/null || true; done
  stop_postgres "$dir"
  rm -rf "$dir"
}
trap clean_up EXIT
start_postgres "$dir"
$bin/costingd migrate --database "$PGCONN" 2>/dev/null
psql -q -X -d "$PGCONN" -c 'CREATE ROLE costing LOGIN IN ROLE joulebook_costing'
$bin/costingd new-quote-key bench/costing >"$dir/keys"
$bin/costingd quote-verifier-keys --quote-keys-file "$dir/keys" >"$dir/verifier-keys"
$bin/costingd --database "host=$dir user=costing dbname=postgres" --listen 127.0.0.1:0 \
  --metrics-listen 127.0.0.1:0 --quote-keys-file "$dir/keys" </dev/null >/dev/null 2>"$dir/log" &
pids+=($!)
until grep -q '"msg":"listening"' "$dir/log"; do sleep 0.1; done
costing=127.0.0.1:$(sed -nE 's/.*"msg":"listening","port":([0-9]+).*/\1/p' "$dir/log")
$bin/costing-bench --workload echo-server >"$dir/echo" 2>/dev/null &
pids+=($!)
until [ -s "$dir/echo" ]; do sleep 0.1; done
echo=127.0.0.1:$(cat "$dir/echo")
$bin/metered-day --generate "$lines" >"$dir/trace.csv"

run() { $bin/costing-bench --seconds $seconds --verifier-keys-file "$dir/verifier-keys" "$@"; }
declare -A flags=(
  [echo]="--target $echo" [quote]="--target $costing" [batch]="--target $costing"
  [price]="--tariff services/costing/tariffs/constants.json" [sign]=""
  [parse]="--trace $dir/trace.csv" [rerate]="--trace $dir/trace.csv --target $costing")
declare -A rates=()
# In turns: what disturbs the machine disturbs both of a pair.
for _ in $(seq $rounds); do
  for workload in echo quote batch price sign parse rerate; do
    # shellcheck disable=SC2086  # several words
    rates[$workload]+="$(run --workload $workload ${flags[$workload]}) "
  done
done
median() { tr ' ' '\n' <<<"${rates[$1]}" | grep . | sort -n | sed -n "$((rounds / 2 + 1))p"; }
line() { printf '%-44s %12s\n' "$1" "$(median "$2")"; }
printf '%-44s %12s\n' "$rounds rounds of $seconds s, medians" 'per second'
line 'empty gRPC echo, 256 in flight' echo
line 'Quote, signed, with its bill, 256 in flight' quote
line 'quotes in BatchQuote of 1000' batch
line 'prices in process, unsigned' price
line 'Ed25519 signatures' sign
line 'lines of a trace read and parsed' parse
line 'events rerated under two tariffs' rerate
awk "BEGIN {
  printf \"{\\\"quote_vs_echo\\\": %.2f, \\\"batch_quotes_vs_unary\\\": %.1f, \", $(median quote) / $(median echo), $(median batch) / $(median quote)
  printf \"\\\"inprocess_vs_sign\\\": %.1f, \\\"rerate_vs_wc\\\": %.2f}\\n\", $(median price) / $(median sign), $(median rerate) / $(median parse) }"
