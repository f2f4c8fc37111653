#!/usr/bin/env bash
# fuzz.sh NAME SECONDS: runs the fuzz target NAME (transfer, text, note, tariff, quote, or all one
# after the other). The corpus stays in .cache/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:?a target: transfer, text, note, tariff, quote or all} seconds=${2:?how many seconds}
names=("$name")
[ "$name" != all ] || names=(transfer text note tariff quote)
scripts/build.sh fuzz "${names[@]/#/fuzz_}" >/dev/null
for name in "${names[@]}"; do
  mkdir -p ".cache/fuzz/$name"
  echo "fuzz: $name, $seconds s"
  "build/fuzz/bin/fuzz_$name" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 \
    -artifact_prefix=".cache/fuzz/$name-" ".cache/fuzz/$name" 2>&1 |
    { grep -E '^(==|stat::number|SUMMARY|artifact)' || true; }
  [ "${PIPESTATUS[0]}" -eq 0 ]
done
