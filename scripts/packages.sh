#!/usr/bin/env bash
# Installs the Debian packages named in packages.txt, if any is missing. Further lists by argument:
# packages.sh lint compose.
set -euo pipefail
cd "$(dirname "$0")"

wanted=()
for list in build "$@"; do
  while read -r package; do
    [[ -z $package || $package == \#* ]] || wanted+=("$package")
  done <"packages/$list.txt"
done

missing=()
for package in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
    missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get -o DPkg::Lock::Timeout=500 -qq update
"${as_root[@]}" apt-get -o DPkg::Lock::Timeout=500 -qq install -y --no-install-recommends \
  "${missing[@]}" >/dev/null
