#!/usr/bin/env bash
# clang-tidy's short list (.clang-tidy) on what changed against the last commit on main; all of it
# with TIDY_ALL=1. Needs a configured build for its compile commands.
set -euo pipefail
[ -f build/dev/compile_commands.json ] || scripts/build.sh dev joulebook_proto >/dev/null
sources=('common/*.cc' 'services/*.cc' 'tools/*.cc' ':!*_test.cc' ':!*/pch.cc')
if [ "${TIDY_ALL:-0}" = 1 ]; then
  files=$(git ls-files "${sources[@]}")
else
  files=$(git diff --name-only --diff-filter=AM HEAD -- "${sources[@]}")
fi
[ -n "$files" ] || { echo 'nothing changed'; exit 0; }
# clang-tidy's own exit code says nothing more than its output, which also has lines of no interest.
found=$(echo "$files" | xargs -P 2 -n 4 clang-tidy-14 -p build/dev --quiet \
  --extra-arg=-Wno-unknown-warning-option 2>&1 | grep -E 'warning:|error:' || true)
[ -z "$found" ] || { echo "$found"; exit 1; }
