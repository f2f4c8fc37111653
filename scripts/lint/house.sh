#!/usr/bin/env bash
# The rules of the house that a search can see.
status=0
report() { # report RULE MATCHES
  [ -z "$2" ] || { echo "$1:"; echo "$2"; status=1; }
}
files() { git ls-files "$@"; }

report 'clocks, randomness and sleeps belong to common/time and common/ids' "$(
  git grep -nE 'system_clock::now|steady_clock::now|random_device|sleep_for|absl::Now\(|\btime\(NULL|\brand\(' \
    -- '*.cc' '*.h' ':!common/time' ':!common/ids')"
report 'no floating point where value is computed' "$(
  git grep -nE '\b(double|float)\b' -- 'services/*/domain' 'common/money')"
report 'no gRPC, SQL, or logging in a domain' "$(
  git grep -nE '#include [<"](pqxx|libpq|grpcpp|common/(db|rpc|log|metrics|config))' \
    -- 'services/*/domain' ':!*_test.cc')"
report 'leftover markers need an issue' "$(
  git grep -nE '\b(TODO|FIXME|XXX|HACK)\b|DISABLED_' -- ':!scripts/lint' ':!docs')"
report 'main.cc holds at most 40 lines' "$(
  files 'services/*/main.cc' | xargs -r wc -l | awk '$2 != "total" && $1 > 40')"
report 'a file above 600 lines is more than one thing' "$(
  files '*.cc' '*.h' '*.sh' '*.py' dev | xargs wc -l | awk '$2 != "total" && $1 > 600')"
report 'SQL is a named constant in sql.h' "$(
  git grep -nE '"(SELECT|INSERT|UPDATE|DELETE) ' -- 'services/*.cc' ':!*_test.cc')"
# Comments and documents. A migration that a book may have had is bound by its checksum.
report 'a sentence begins with its subject, not with What, Whoever or Of' "$(
  start='((^|//|--|[-#*|]|[0-9]\.)[[:space:]]*|[.?!][)*"]*[[:space:]]+)'
  git grep -nE "$start"'(What(ever)?|Whoever|Of)([[:space:]]|$)' \
    -- '*.h' '*.cc' '*.proto' '*.sql' '*.sh' '*.py' '*.md' '*.txt' '*.yml' '*.yaml' '*.cmake' \
    '*Dockerfile' dev .ci ':!scripts/lint' \
    ':!services/ledger/migrations/000[1-4]_*' ':!services/costing/migrations/0001_*')"
exit $status
