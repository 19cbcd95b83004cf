#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run shellcheck on every script that git knows or would add.
set -eu
cd "$(dirname "$0")/.."
mapfile -d '' scripts < <(git ls-files --cached --others --exclude-standard -z -- '*.sh' .ci/run)
shellcheck "${scripts[@]}"
