#!/usr/bin/env bash
# Shell scripts pass shellcheck.
git ls-files dev .ci/run '*.sh' | xargs shellcheck
