#!/usr/bin/env bash
# build.sh [PRESET [TARGET...]]: configures where needed and builds.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-dev}
[ $# -gt 0 ] && shift
lists=()
[ "$preset" != fuzz ] || lists=(fuzz)
scripts/packages.sh "${lists[@]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
cmake --build --preset "$preset" ${1:+--target "$@"}
