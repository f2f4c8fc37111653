#!/usr/bin/env bash
# A metered day through the real server and a private database. See --help.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/postgres.sh
. scripts/postgres.sh

trace=tools/metered_day/small_trace.csv
keep=false
while [ $# -gt 0 ]; do
  case "$1" in
    --trace)
      trace=${2:?--trace needs a file}
      shift 2
      ;;
    --keep)
      keep=true
      shift
      ;;
    --help | -h)
      cat <<'EOF'
./dev run [--trace FILE] [--keep]

Builds, starts PostgreSQL, costingd and ledgerd, replays a usage trace and prints the day: each
operation is quoted, reserved with its quote, charged or released, what was charged is split and paid out,
and the fund pays what providers earned beside. Prints energy granted, spent, earned and held, refusals, speed, the bill of one operation, whether
the books balance and nothing is lost, and what was charged under the other shipped tariff, beside what was
spent, to the micro-joule. Then proves one
charge offline (in the signed log, by a signed quote, at its tariff's price), and checks the whole book
and log against each other. Exits 0 only if all of it holds.

  --trace FILE   a CSV: time,member,operation,bytes,provider (or a block I/O trace:
                 version,time,op,size,lbn); default: the small one in tools/metered_day
  --keep         leave the suite up and print its addresses
EOF
      exit 0
      ;;
    *)
      echo "unknown flag $1; see ./dev run --help" >&2
      exit 2
      ;;
  esac
done
[ -r "$trace" ] || { echo "cannot read $trace" >&2; exit 2; }

log=$(mktemp)
scripts/build.sh dev ledgerd costingd metered-day joulebook-export joulebook-verify \
  >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
rm -f "$log"

dir=$(mktemp -d)
pids=()
clean_up() {
  for pid in "${pids[@]}"; do { kill "$pid" && wait "$pid"; } 2>/dev/null || true; done
  stop_postgres "$dir"
  rm -rf "$dir"
}
trap clean_up EXIT

start_postgres "$dir"
bin=build/dev/bin
for service in ledger costing; do
  $bin/${service}d migrate --database "$PGCONN" 2>"$dir/migrate.log" || { cat "$dir/migrate.log" >&2; exit 1; }
  psql -q -X -d "$PGCONN" -c "CREATE ROLE $service LOGIN IN ROLE joulebook_$service"
done
(umask 077 && $bin/ledgerd new-log-key joulebook.local/ledger >"$dir/log-keys" &&
  $bin/costingd new-quote-key joulebook.local/costing >"$dir/quote-keys")
$bin/ledgerd log-verifier-keys --log-keys-file "$dir/log-keys" >"$dir/log-verifier-keys"
$bin/costingd quote-verifier-keys --quote-keys-file "$dir/quote-keys" >"$dir/quote-verifier-keys"

# start SERVICE FLAGS...: sets SERVICE_port and SERVICE_metrics_port.
ledger_port='' ledger_metrics_port='' costing_port='' costing_metrics_port=''
start() {
  local service=$1
  shift
  $bin/"${service}d" --database "host=$dir user=$service dbname=postgres" --listen 127.0.0.1:0 \
    --metrics-listen 127.0.0.1:0 "$@" </dev/null >/dev/null 2>"$dir/$service.log" &
  pids+=($!)
  for _ in $(seq 300); do
    grep -q '"msg":"listening"' "$dir/$service.log" && break
    kill -0 "${pids[-1]}" 2>/dev/null || { cat "$dir/$service.log" >&2; exit 1; }
    sleep 0.1
  done
  printf -v "${service}_port" %s "$(sed -nE 's/.*"msg":"listening","port":([0-9]+).*/\1/p' "$dir/$service.log")"
  printf -v "${service}_metrics_port" %s "$(sed -nE 's/.*"metrics_port":([0-9]+).*/\1/p' "$dir/$service.log")"
}
start costing --quote-keys-file "$dir/quote-keys"
start ledger --log-keys-file "$dir/log-keys" --log-memory-file "$dir/log-memory" \
  --quote-keys-file "$dir/quote-verifier-keys"
ledger=127.0.0.1:$ledger_port
costing=127.0.0.1:$costing_port

status=0
$bin/metered-day --ledger "$ledger" --costing "$costing" --trace "$trace" --other-tariff block_table:1 || status=$?
charge=$(psql -q -X -At -d "$PGCONN" \
  -c 'SELECT id FROM ledger.transfers WHERE kind = 3 AND result = 1 ORDER BY position DESC LIMIT 1')
if ! { $bin/joulebook-export --ledger "$ledger" --costing "$costing" charge "$charge" >"$dir/charge.json" &&
  $bin/joulebook-verify --keys-file "$dir/log-verifier-keys" \
    --quote-keys-file "$dir/quote-verifier-keys" charge "$dir/charge.json" &&
  $bin/joulebook-export --ledger "$ledger" log >"$dir/log.jsonl" &&
  $bin/joulebook-verify --keys-file "$dir/log-verifier-keys" log "$dir/log.jsonl" &&
  $bin/ledgerd check-books --database "$PGCONN"; }; then
  status=1
fi
if $keep; then
  trap - EXIT
  cat <<EOF

ledger         $ledger (gRPC, plaintext), http://127.0.0.1:$ledger_metrics_port/metrics
costing        $costing (gRPC, plaintext), http://127.0.0.1:$costing_metrics_port/metrics
database       $PGCONN
keys           $dir/log-verifier-keys and $dir/quote-verifier-keys (for joulebook-verify)
stop it        kill ${pids[*]}; runuser -u postgres /usr/lib/postgresql/15/bin/pg_ctl -D $dir/data stop
EOF
fi
exit $status
