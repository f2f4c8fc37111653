#!/usr/bin/env bash
# The protos pass buf's STANDARD and COMMENTS rules.
scripts/proto.sh lint
