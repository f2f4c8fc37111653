#!/usr/bin/env bash
# Code is formatted as .clang-format says.
git ls-files '*.cc' '*.h' | xargs -r clang-format-14 --dry-run --Werror
