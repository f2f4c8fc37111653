#!/usr/bin/env bash
# No function of the C++ code is above 70 lines. Formatted code makes this a matter of indentation:
# a definition ends with a closing brace in the column where it began.
# shellcheck disable=SC2016  # awk's own variables
git ls-files '*.cc' '*.h' | xargs awk '
  FNR == 1 { open_line = 0; began = 0 }
  open_line == 0 {
    match($0, /^ */); indent = RLENGTH
    opened = gsub(/\(/, "("); closed = gsub(/\)/, ")")
    if (opened > closed) began = indent  # a signature that goes on
    if (/^( )*[A-Za-z~:].*\).*\{$/ && !/namespace|class |struct |enum |union /) {
      open_line = FNR
      if (closed > opened) indent = began  # the end of such a signature
      if ($0 ~ /^ *: /) indent -= 4  # the initializers of a constructor, on a line of their own
      else if ($0 ~ /^ +[a-z_]+_[({]/) indent -= 6  # on several lines
      next
    }
  }
  open_line > 0 {
    match($0, /^ */)
    if (RLENGTH == indent && $0 ~ /^ *\}/) {
      if (FNR - open_line > 70) { print FILENAME ":" open_line ": " FNR - open_line " lines"; bad = 1 }
      open_line = 0
    }
  }
  END { exit bad }'
