#!/usr/bin/env bash
# Rules and configuration are sound, their tests pass, and rules and dashboards name only metrics of
# the golden lists.
set -euo pipefail
promtool check config deploy/prometheus/prometheus.yml >/dev/null
promtool test rules deploy/prometheus/rules_test.yml >/dev/null
known=$(awk '{print $1; print $1 "_bucket"; print $1 "_sum"; print $1 "_count"}' tests/testdata/*/metrics.txt)
used=$(cat deploy/prometheus/rules.yml deploy/grafana/dashboards/*.json |
  grep -oE '\b(ledger|costing|grpc_server)_[a-z_]+\b' | sort -u)
status=0
for name in $used; do
  case "$name" in ledger_transfers | ledger_group_commit_seconds | grpc_server_errors) continue ;; esac
  grep -qx "$name" <<<"$known" || { echo "not in the golden list: $name"; status=1; }
done
for service in ledger costing; do
  while read -r name _; do
    grep -qE "\b${name}(_bucket|_sum)?\b" "deploy/grafana/dashboards/$service.json" ||
      { echo "on no dashboard: $name"; status=1; }
  done <"tests/testdata/$service/metrics.txt"
done
# Names as promtool wants them; the golden lists in exposition form.
sort -u tests/testdata/*/metrics.txt | while read -r name type; do
  echo "# HELP $name X."
  echo "# TYPE $name $type"
  if [ "$type" = histogram ]; then
    printf '%s_bucket{le="+Inf"} 0\n%s_sum 0\n%s_count 0\n' "$name" "$name" "$name"
  else
    echo "$name 0"
  fi
done | promtool check metrics
exit $status
