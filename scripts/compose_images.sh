#!/usr/bin/env bash
# Makes stand-ins, under the official tags, for images that cannot be pulled: debian:bookworm-slim by
# debootstrap, postgres:15 and prom/prometheus from Debian's packages on it. Prints "stand-ins" if it
# made or found any, "official" if all could be pulled.
set -euo pipefail
cd "$(dirname "$0")/.."

have() { docker image inspect "$1" >/dev/null 2>&1; }
label() { docker image inspect -f '{{index .Config.Labels "joulebook.stand-in"}}' "$1" 2>/dev/null; }
pull() { have "$1" || timeout 60 docker pull -q "$1" >/dev/null 2>&1; }

base() {
  local dir
  dir=$(mktemp -d)
  debootstrap --variant=minbase bookworm "$dir" "$(debian_mirror)" >/dev/null
  cp -r /etc/apt/sources.list* "$dir/etc/apt/" 2>/dev/null || true
  cp -r /etc/apt/apt.conf.d/. "$dir/etc/apt/apt.conf.d/" 2>/dev/null || true
  tar -C "$dir" -c . | docker import -c 'LABEL joulebook.stand-in=yes' - debian:bookworm-slim >/dev/null
  rm -rf "$dir"
}

# The mirror that this machine's apt uses.
debian_mirror() {
  { grep -hE '^deb ' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -E 's/\[[^]]*\] *//' | awk '{print $2}'
    sed -nE 's/^URIs: *([^ ]+).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null; } |
    grep -v security | head -n 1
}

build() { # build TAG DOCKERFILE-TEXT
  docker build -q --network host -t "$1" --label joulebook.stand-in=yes - <<<"$2" >/dev/null
}

pull debian:bookworm-slim || base
pull postgres:15 || build postgres:15 "$(cat deploy/docker/postgres-stand-in.Dockerfile)"
pull prom/prometheus:v2.42.0 ||
  build prom/prometheus:v2.42.0 "$(cat deploy/docker/prometheus-stand-in.Dockerfile)"
if [ "$(label postgres:15)" = yes ]; then echo stand-ins; else echo official; fi
