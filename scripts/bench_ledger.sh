#!/usr/bin/env bash
# bench_ledger.sh [--quick]: the real server over gRPC beside pgbench TPC-B, single INSERTs and COPY of
# the same rows, in one run on one PostgreSQL with fsync and synchronous_commit on. Prints a table, and
# as its last line the ratios as one JSON object. The machine is shared: compare within a run only.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/postgres.sh
. scripts/postgres.sh

seconds=10
grown=5000000
if [ "${1:-}" = --quick ]; then
  seconds=3
  grown=250000
fi
readonly accounts=100000

scripts/build.sh dev ledgerd ledger-bench >/dev/null
dir=$(mktemp -d)
ledger_pid=
# The values that `measure` sets by name.
batch=0 single=0 hot=0 pairs=0 grown_batch=0 lone_p50=0 insert_p50=0 smallest_p50=0
stop_ledger() {
  [ -z "$ledger_pid" ] || { kill "$ledger_pid" && wait "$ledger_pid"; } 2>/dev/null || true
  ledger_pid=
}
clean_up() {
  stop_ledger
  stop_postgres "$dir"
  rm -rf "$dir"
}
trap clean_up EXIT
start_postgres "$dir"
sql() { psql -q -X -At -d "$PGCONN" -c "$1"; }

start_ledger() {
  : >"$dir/ledgerd.log"  # of the one before
  build/dev/bin/ledgerd --database "host=$dir user=ledger dbname=postgres" --listen 127.0.0.1:0 \
    --metrics-listen 127.0.0.1:0 </dev/null >/dev/null 2>"$dir/ledgerd.log" &
  ledger_pid=$!
  until grep -q '"msg":"listening"' "$dir/ledgerd.log"; do sleep 0.1; done
  port=$(sed -nE 's/.*"msg":"listening","port":([0-9]+).*/\1/p' "$dir/ledgerd.log")
}

printf '%-42s %12s %10s %10s\n' "$seconds s each, $accounts accounts" 'per second' 'p50 us' 'p99 us'
line() { printf '%-42s %12s %10s %10s\n' "$@"; }

# measure VARIABLE TITLE FLAGS...: runs a workload of the client; VARIABLE gets its rate, and
# VARIABLE_p50 its median latency.
measure() {
  local name=$1 title=$2 rate p50 p99
  shift 2
  read -r rate p50 p99 <<<"$(build/dev/bin/ledger-bench --ledger "127.0.0.1:${port:-0}" \
    --accounts $accounts --seconds $seconds --workload "$@" | sed -E 's/"[a-z0-9_]+"//g; s/[^0-9 ]//g; s/ +/ /g')"
  printf -v "$name" %s "$rate"
  printf -v "${name}_p50" %s "$p50"
  [ -z "$title" ] || line "$title" "$rate" "$p50" "$p99"
}
pgbench_tps() {
  pgbench -n -d "$PGCONN" -c "$1" -j 2 -T $seconds 2>/dev/null | sed -nE 's/^tps = ([0-9]+).*/\1/p'
}

pgbench -i -q -s 20 -d "$PGCONN" >/dev/null 2>&1
tpcb_4=$(pgbench_tps 4)
line 'pgbench TPC-B, 4 clients' "$tpcb_4" - -
tpcb_16=$(pgbench_tps 16)
line 'pgbench TPC-B, 16 clients' "$tpcb_16" - -

build/dev/bin/ledgerd migrate --database "$PGCONN" 2>/dev/null
sql "CREATE ROLE ledger LOGIN IN ROLE joulebook_ledger"
sql "INSERT INTO ledger.accounts (id, asset, role, state, requires_signature, metadata, opened_us)
     SELECT ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, 'J', 7, 1, false, '{}', 0
     FROM generate_series(1, $accounts) n"
sql "VACUUM ANALYZE ledger.accounts"
sql 'CREATE TABLE ledger.lone (LIKE ledger.transfers INCLUDING ALL);
     CREATE TABLE ledger.smallest (n bigserial PRIMARY KEY)'
start_ledger
measure warm '' warm
measure smallest 'INSERT of one number, 1 connection' smallest --database "$PGCONN"
measure insert 'INSERT of one row, same schema' insert --database "$PGCONN"
measure lone 'ledger, one call at a time' lone
measure single 'ledger, 256 single calls in flight' single --in-flight 256
measure batch 'ledger, stream of 4096' batch
measure hot 'ledger, stream of 4096 from one account' hot
measure pairs 'ledger, reserve and charge, pairs' pairs

rows=$(sql "SELECT least(count(*), 400000) FROM ledger.transfers")
as_postgres psql -q -X -d "$PGCONN" \
  -c "\\copy (SELECT * FROM ledger.transfers LIMIT $rows) TO '$dir/rows' (FORMAT binary)"
sql 'CREATE TABLE ledger.copied (LIKE ledger.transfers INCLUDING ALL)'
copy_s=$( { time as_postgres psql -q -X -d "$PGCONN" \
  -c "\\copy ledger.copied FROM '$dir/rows' (FORMAT binary)"; } 2>&1 |
  sed -nE 's/^real[^0-9]*([0-9]+)m([0-9.]+)s/\1 \2/p' | awk '{print $1 * 60 + $2}')
copy=$(awk "BEGIN {printf \"%d\", $rows / $copy_s}")
line 'COPY of the same rows, same schema' "$copy" - -
sql 'DROP TABLE ledger.copied'

# More history, written while no writer remembers the book: amounts of 1 back and forth.
stop_ledger
sql "INSERT INTO ledger.transfers
       SELECT (lpad(to_hex(n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
         last_position + n, last_recorded_us + n, 1, 1, 120,
         ('00000000-0000-7000-9000-' || lpad((1 + n::bigint * 7919 % $accounts)::text, 12, '0'))::uuid,
         ('00000000-0000-7000-9000-' || lpad((1 + n::bigint * 104729 % $accounts)::text, 12, '0'))::uuid,
         'J', 24, 1, 1, 0, 0, 0, 0, 0, n, 0, 0, 0, 0, 0, n,
         NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
         sha256(int8send(n))
       FROM ledger.book, generate_series(1, $grown) n;
     UPDATE ledger.book SET last_position = last_position + $grown,
       last_recorded_us = last_recorded_us + $grown, head_hash = sha256(int8send($grown))"
sql 'VACUUM ANALYZE ledger.transfers'
start_ledger
measure warm '' warm
measure grown_batch "ledger, stream of 4096, $grown rows more" batch

awk "BEGIN {
  tpcb = $tpcb_4 > $tpcb_16 ? $tpcb_4 : $tpcb_16
  printf \"{\\\"batch_vs_copy\\\": %.3f, \\\"single_vs_tpcb\\\": %.2f, \\\"hot_vs_uniform\\\": %.2f, \", $batch / $copy, $single / tpcb, $hot / $batch
  printf \"\\\"reserve_charge_vs_post\\\": %.2f, \\\"grown_vs_fresh\\\": %.2f, \", $pairs / $batch, $grown_batch / $batch
  printf \"\\\"idle_latency_vs_insert\\\": %.2f, \", $lone_p50 / $insert_p50
  printf \"\\\"idle_latency_vs_smallest_insert\\\": %.2f}\\n\", $lone_p50 / $smallest_p50 }"
