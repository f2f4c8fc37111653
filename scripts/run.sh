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

Builds, starts PostgreSQL and ledgerd, replays a usage trace and prints the day: energy granted,
spent, earned and held, refusals, speed, and whether the books balance. Then fetches the proof that
one charge is in the signed log, verifies it offline, and checks the whole book and log against each
other. Exits 0 only if all of it holds.

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
scripts/build.sh dev ledgerd metered-day joulebook-export joulebook-verify >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
rm -f "$log"

dir=$(mktemp -d)
ledger_pid=
clean_up() {
  [ -z "$ledger_pid" ] || kill "$ledger_pid" 2>/dev/null || true
  [ -z "$ledger_pid" ] || wait "$ledger_pid" 2>/dev/null || true
  stop_postgres "$dir"
  rm -rf "$dir"
}
trap clean_up EXIT

start_postgres "$dir"
bin=build/dev/bin
$bin/ledgerd migrate --database "$PGCONN" 2>"$dir/migrate.log" || { cat "$dir/migrate.log" >&2; exit 1; }
psql -q -X -d "$PGCONN" -c 'CREATE ROLE ledger LOGIN IN ROLE joulebook_ledger'
(umask 077 && $bin/ledgerd new-log-key joulebook.local/ledger >"$dir/log-keys")
$bin/ledgerd log-verifier-keys --log-keys-file "$dir/log-keys" >"$dir/log-verifier-keys"
$bin/ledgerd --log-keys-file "$dir/log-keys" --database "host=$dir user=ledger dbname=postgres" --listen 127.0.0.1:0 \
  --metrics-listen 127.0.0.1:0 </dev/null >/dev/null 2>"$dir/ledgerd.log" &
ledger_pid=$!
for _ in $(seq 300); do
  grep -q '"msg":"listening"' "$dir/ledgerd.log" && break
  kill -0 $ledger_pid 2>/dev/null || { cat "$dir/ledgerd.log" >&2; exit 1; }
  sleep 0.1
done
port=$(sed -nE 's/.*"msg":"listening","port":([0-9]+).*/\1/p' "$dir/ledgerd.log")
metrics_port=$(sed -nE 's/.*"metrics_port":([0-9]+).*/\1/p' "$dir/ledgerd.log")

status=0
$bin/metered-day --ledger "127.0.0.1:$port" --trace "$trace" || status=$?
charge=$(psql -q -X -At -d "$PGCONN" \
  -c 'SELECT id FROM ledger.transfers WHERE kind = 3 AND result = 1 ORDER BY position DESC LIMIT 1')
if ! { $bin/joulebook-export --ledger "127.0.0.1:$port" proof "$charge" >"$dir/proof.json" &&
  cat "$dir/proof.json" &&
  $bin/joulebook-verify --keys-file "$dir/log-verifier-keys" proof "$dir/proof.json" &&
  $bin/joulebook-export --ledger "127.0.0.1:$port" log >"$dir/log.jsonl" &&
  $bin/joulebook-verify --keys-file "$dir/log-verifier-keys" log "$dir/log.jsonl" &&
  $bin/ledgerd check-books --database "$PGCONN"; }; then
  status=1
fi
if $keep; then
  trap - EXIT
  cat <<EOF

ledger         127.0.0.1:$port (gRPC, plaintext), process $ledger_pid
metrics        http://127.0.0.1:$metrics_port/metrics
database       $PGCONN
log's key      $dir/log-verifier-keys (for joulebook-verify --keys-file)
stop it        kill $ledger_pid; runuser -u postgres /usr/lib/postgresql/15/bin/pg_ctl -D $dir/data stop
EOF
fi
exit $status
