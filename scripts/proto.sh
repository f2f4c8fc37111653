#!/usr/bin/env bash
# proto.sh [lint]: buf lint; without argument also buf breaking against the last commit. buf comes
# from npm; where npm is missing or reaches no registry, this says so and checks nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly version=1.75.0
readonly prefix=.cache/buf

if [ ! -x $prefix/node_modules/.bin/buf ]; then
  if ! command -v npm >/dev/null ||
    ! npm install --silent --no-audit --no-fund --prefix $prefix "@bufbuild/buf@$version" >/dev/null 2>&1; then
    echo 'SKIPPED: buf is not to be had here (npm)'
    exit 0
  fi
fi
buf=$prefix/node_modules/.bin/buf
$buf lint proto
if [ "${1:-}" != lint ] && git rev-parse -q --verify HEAD >/dev/null; then
  $buf breaking proto --against '.git#branch=HEAD,subdir=proto'
fi
