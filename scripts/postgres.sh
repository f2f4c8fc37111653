# shellcheck shell=bash
# Sourced: a private PostgreSQL cluster for one run, on a Unix socket, as an unprivileged user.
#   start_postgres DIR   creates and starts one in DIR; sets PGCONN (superuser connection string)
#   stop_postgres DIR    stops it

as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

start_postgres() {
  local dir=$1 bin=/usr/lib/postgresql/15/bin
  chmod 755 "$dir"
  [ "$(id -u)" -ne 0 ] || chown postgres "$dir"
  as_postgres $bin/initdb -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C >"$dir/initdb.log"
  as_postgres $bin/pg_ctl -D "$dir/data" -l "$dir/postgres.log" -w -s start \
    -o "-k $dir -c listen_addresses='' -c max_connections=200 \
        -c shared_buffers=2GB -c max_wal_size=4GB -c wal_compression=lz4"
  # shellcheck disable=SC2034  # for the caller
  PGCONN="host=$dir user=postgres dbname=postgres"
}

stop_postgres() {
  as_postgres /usr/lib/postgresql/15/bin/pg_ctl -D "$1/data" -m fast -s stop || true
}
