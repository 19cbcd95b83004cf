#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Vet and test every Go module of this repository: the examples, and the services and tools of the tests.
set -eu
cd "$(dirname "$0")/.."
PATH=$(bash scripts/go_directory.sh):$PATH
go version
find examples tests/apps tests/load tests/registry -name go.mod -printf '%h\n' | sort | while read -r module; do
  echo "== $module"
  (cd "$module" && go vet ./... && go test ./...)
done
