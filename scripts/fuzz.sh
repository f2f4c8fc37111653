#!/usr/bin/env bash
# fuzz.sh NAME SECONDS: runs the fuzz target NAME (transfer, text). Its corpus stays in .cache/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:?a target: transfer or text} seconds=${2:?how many seconds}
scripts/build.sh fuzz "fuzz_$name" >/dev/null
mkdir -p ".cache/fuzz/$name"
"build/fuzz/bin/fuzz_$name" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 \
  -artifact_prefix=".cache/fuzz/$name-" ".cache/fuzz/$name"
