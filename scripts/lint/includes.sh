#!/usr/bin/env bash
# The direction of includes: main -> app -> rpc -> engine -> store -> domain -> common. Services
# never include one another, and common includes no service.
status=0
deny() { # deny FROM-PATHSPEC PATTERN WHY
  local found
  found=$(git grep -nE "#include \"$2" -- "$1" ':!*_test.cc')
  [ -z "$found" ] || { echo "$3:"; echo "$found"; status=1; }
}
deny 'common' '(services|tools|tests)/' 'common includes no service'
for service in $(git ls-files 'services/*' | cut -d/ -f2 | sort -u); do
  for other in $(git ls-files 'services/*' | cut -d/ -f2 | sort -u); do
    [ "$service" = "$other" ] ||
      deny "services/$service" "services/$other/" "$service must not include $other"
  done
  deny "services/$service/domain" "services/$service/(store|engine|rpc|app)" 'domain is the bottom'
  deny "services/$service/store" "services/$service/(engine|rpc|app)" 'store is below engine'
  deny "services/$service/engine" "services/$service/(rpc|app)" 'engine is below rpc'
  deny "services/$service/rpc" "services/$service/app" 'rpc is below app'
done
exit $status
