#!/usr/bin/env bash
# test.sh [-L LABEL] [NAME]: builds, then runs the tests by CTest. PRESET chooses the build.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${PRESET:-dev}
arguments=()
while [ $# -gt 0 ]; do
  case "$1" in
    -L)
      arguments+=(-L "$2")
      shift 2
      ;;
    *)
      arguments+=(-R "$1")
      shift
      ;;
  esac
done
scripts/build.sh "$preset"
# The tests start PostgreSQL clusters of their own, on Unix sockets, as an unprivileged user.
ctest --test-dir "build/$preset" --output-on-failure -j 2 "${arguments[@]}"
