#!/usr/bin/env bash
# bench.sh ledger [--quick]: the real server over gRPC beside pgbench TPC-B and COPY of the same rows,
# in one run on one PostgreSQL with fsync and synchronous_commit on. Prints a table, and as its last
# line the ratios as one JSON object. The machine is shared: compare within a run only.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/postgres.sh
. scripts/postgres.sh

[ "${1:-}" = ledger ] || { echo 'usage: ./dev bench ledger [--quick]' >&2; exit 2; }
seconds=10
[ "${2:-}" != --quick ] || seconds=4
readonly accounts=100000

scripts/build.sh dev ledgerd ledger-bench >/dev/null
dir=$(mktemp -d)
ledger_pid=
clean_up() {
  [ -z "$ledger_pid" ] || { kill "$ledger_pid" && wait "$ledger_pid"; } 2>/dev/null || true
  stop_postgres "$dir"
  rm -rf "$dir"
}
trap clean_up EXIT
start_postgres "$dir"
sql() { psql -q -X -At -d "$PGCONN" -c "$1"; }

build/dev/bin/ledgerd migrate --database "$PGCONN" 2>/dev/null
sql "CREATE ROLE ledger LOGIN IN ROLE joulebook_ledger"
sql "INSERT INTO ledger.accounts (id, asset, role, state, requires_signature, metadata, opened_us)
     SELECT ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, 'J', 7, 1, false, '{}', 0
     FROM generate_series(1, $accounts) n"
sql "VACUUM ANALYZE ledger.accounts"
build/dev/bin/ledgerd --database "host=$dir user=ledger dbname=postgres" --listen 127.0.0.1:0 \
  --metrics-listen 127.0.0.1:0 </dev/null >/dev/null 2>"$dir/ledgerd.log" &
ledger_pid=$!
until grep -q '"msg":"listening"' "$dir/ledgerd.log"; do sleep 0.1; done
port=$(sed -nE 's/.*"msg":"listening","port":([0-9]+).*/\1/p' "$dir/ledgerd.log")

workload() { # workload NAME [FLAGS...]: prints transfers/s p50 p99
  build/dev/bin/ledger-bench --ledger "127.0.0.1:$port" --accounts $accounts --seconds $seconds \
    --workload "$@" | sed -E 's/"[a-z0-9_]+"//g; s/[^0-9 ]//g; s/ +/ /g'
}
pgbench_tps() { pgbench -n -d "$PGCONN" -c "$1" -j 2 -T $seconds 2>/dev/null | sed -nE 's/^tps = ([0-9]+).*/\1/p'; }

pgbench -i -q -s 20 -d "$PGCONN" >/dev/null 2>&1
tpcb_4=$(pgbench_tps 4)
tpcb_16=$(pgbench_tps 16)
echo 'INSERT INTO lone VALUES (default)' >"$dir/lone.sql"
sql 'CREATE TABLE lone (n bigserial PRIMARY KEY)'
insert_us=$(pgbench -n -d "$PGCONN" -c 1 -T $seconds -f "$dir/lone.sql" 2>/dev/null |
  sed -nE 's/^latency average = ([0-9.]+) ms.*/\1/p' | awk '{printf "%d", $1 * 1000}')
read -r lone lone_p50 lone_p99 <<<"$(workload lone)"
read -r single single_p50 single_p99 <<<"$(workload single --in-flight 256)"
read -r batch batch_p50 batch_p99 <<<"$(workload batch)"

rows=$(sql "SELECT least(count(*), 400000) FROM ledger.transfers")
as_postgres psql -q -X -d "$PGCONN" \
  -c "\\copy (SELECT * FROM ledger.transfers LIMIT $rows) TO '$dir/rows' (FORMAT binary)"
sql 'CREATE TABLE ledger.copied (LIKE ledger.transfers INCLUDING ALL)'
copy_s=$( { time as_postgres psql -q -X -d "$PGCONN" \
  -c "\\copy ledger.copied FROM '$dir/rows' (FORMAT binary)"; } 2>&1 |
  sed -nE 's/^real[^0-9]*([0-9]+)m([0-9.]+)s/\1 \2/p' | awk '{print $1 * 60 + $2}')
copy=$(awk "BEGIN {printf \"%d\", $rows / $copy_s}")

printf '%-34s %12s %10s %10s\n' "$seconds s each, $accounts accounts" 'per second' 'p50 us' 'p99 us'
printf '%-34s %12s %10s %10s\n' 'COPY of the same rows' "$copy" - - \
  'ledger, stream of 4096' "$batch" "$batch_p50" "$batch_p99" \
  'pgbench TPC-B, 4 clients' "$tpcb_4" - - 'pgbench TPC-B, 16 clients' "$tpcb_16" - - \
  'ledger, 256 single calls in flight' "$single" "$single_p50" "$single_p99" \
  'INSERT of one row, 1 client' - "$insert_us" - \
  'ledger, one call at a time' "$lone" "$lone_p50" "$lone_p99"
awk "BEGIN {
  tpcb = $tpcb_4 > $tpcb_16 ? $tpcb_4 : $tpcb_16
  printf \"{\\\"batch_vs_copy\\\": %.3f, \\\"single_vs_tpcb\\\": %.2f, \\\"idle_latency_vs_insert\\\": %.2f}\\n\",
    $batch / $copy, $single / tpcb, $lone_p50 / $insert_us }"
