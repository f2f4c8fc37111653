#!/usr/bin/env bash
# Formats the C++ code in place.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/packages.sh lint
git ls-files -co --exclude-standard '*.cc' '*.h' | xargs -r clang-format-14 -i
