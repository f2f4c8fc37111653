#!/usr/bin/env bash
# Runs every check in scripts/lint, all of them, and fails if any did.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
scripts/packages.sh lint || exit 1
failed=()
for check in scripts/lint/*.sh; do
  name=$(basename "$check" .sh)
  if output=$("$check" 2>&1); then
    echo "ok    $name${output:+: $output}"
  else
    echo "FAIL  $name"
    printf '%s\n' "$output"
    failed+=("$name")
  fi
done
[ ${#failed[@]} -eq 0 ] || { echo "lint failed: ${failed[*]}"; exit 1; }
