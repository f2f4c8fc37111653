#!/usr/bin/env bash
# The body of `./dev compose test`; see compose.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
dockerd_pid=
clean_up() {
  docker-compose -p joulebook-test logs --no-color >"$work/logs" 2>&1 || true
  [ "${passed:-no}" = yes ] || tail -n 60 "$work/logs"
  docker-compose -p joulebook-test down -v --remove-orphans >/dev/null 2>&1 || true
  [ -z "$dockerd_pid" ] || { kill "$dockerd_pid" && wait "$dockerd_pid"; } 2>/dev/null || true
  umount "$work"/exec/netns/* 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT

if ! docker info >/dev/null 2>&1; then
  # The engine's images outlive the run, so that the stand-ins are made once.
  export DOCKER_HOST=unix://$work/docker.sock
  dockerd --host "$DOCKER_HOST" --data-root "${JOULEBOOK_DOCKER_ROOT:-/var/lib/joulebook-docker}" \
    --exec-root "$work/exec" --pidfile "$work/pid" >"$work/dockerd.log" 2>&1 &
  dockerd_pid=$!
  for _ in $(seq 100); do docker info >/dev/null 2>&1 && break; sleep 0.2; done
  docker info >/dev/null 2>&1 || { tail "$work/dockerd.log"; exit 1; }
fi

echo 'images'
kind=$(scripts/compose_images.sh)
services=(postgres migrate-ledger migrate-costing ledger costing prometheus)
[ "$kind" = stand-ins ] || services+=(grafana)
docker build -q --network host -f deploy/docker/Dockerfile -t joulebook:dev . >/dev/null
scripts/compose_keys.sh

compose() { docker-compose -p joulebook-test "$@"; }
echo "up: ${services[*]} ($kind)"
compose up -d --no-build "${services[@]}" >"$work/up" 2>&1 || { cat "$work/up"; exit 1; }
for service in postgres ledger costing; do
  id=$(compose ps -q $service)
  for _ in $(seq 120); do
    health=$(docker inspect -f '{{.State.Health.Status}}' "$id")
    [ "$health" = healthy ] && break
    sleep 1
  done
  echo "$service: $health"
  [ "$health" = healthy ]
done

echo 'the metered day, against the published ports'
docker run --rm --network host --read-only --entrypoint /usr/local/bin/metered-day \
  -v "$PWD/.run/secrets/client_token:/run/secrets/client_token:ro" joulebook:dev \
  --ledger 127.0.0.1:7101 --costing 127.0.0.1:7102 --token-file /run/secrets/client_token \
  --trace /usr/local/share/joulebook/small_trace.csv

echo 'its log, exported and verified offline'
sleep 3 # sealing takes turns
tool() { # tool NAME FLAGS...: a program of the image
  docker run --rm --network host --read-only --entrypoint "/usr/local/bin/$1" \
    -v "$PWD/.run/secrets:/run/secrets:ro" -v "$work:$work:ro" joulebook:dev "${@:2}"
}
tool joulebook-export --ledger 127.0.0.1:7101 --costing 127.0.0.1:7102 --token-file /run/secrets/reader_token log >"$work/log"
chmod 755 "$work"
tool joulebook-verify --keys-file /run/secrets/log_verifier_keys log "$work/log"

prometheus() { curl -sf --get "http://127.0.0.1:9090/api/v1/$1" "${@:2}"; }
await() { # await QUERY: until it has a value
  for _ in $(seq 60); do
    prometheus query --data-urlencode "query=$1" | grep -q '"value"' && return
    sleep 1
  done
  echo "Prometheus has nothing for $1"
  exit 1
}
await 'count(up == 1) == count(up)'
await 'sum(ledger_transfers_total) > 0'
await 'sum(costing_quotes_total) > 0'
sleep 6 # one evaluation of the rules
firing=$(prometheus alerts | grep -c '"state":"firing"' || true)
[ "$firing" = 0 ] || { echo 'an alert fires:'; prometheus alerts; exit 1; }
echo 'prometheus: every target up, no alert fires'

for service in ledger costing; do
  compose stop -t 20 $service >/dev/null 2>&1
  code=$(docker inspect -f '{{.State.ExitCode}}' "$(compose ps -q $service)")
  [ "$code" = 0 ] || { echo "$service exited with $code"; exit 1; }
done
passed=yes
echo 'compose test: passed'
