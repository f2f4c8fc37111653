#!/usr/bin/env bash
# Links between documents lead somewhere.
status=0
while IFS=: read -r file link; do
  target=${link#*\(}
  target=${target%\)}
  target=${target%%#*}
  case "$target" in '' | http*) continue ;; esac
  [ -e "$(dirname "$file")/$target" ] || { echo "$file: $target"; status=1; }
done < <(git grep -oE '\]\([^) ]+\)' -- '*.md')
exit $status
