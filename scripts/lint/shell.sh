#!/usr/bin/env bash
# Shell scripts pass shellcheck.
shellcheck dev .ci/run $(git ls-files '*.sh')
