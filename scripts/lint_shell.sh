#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run shellcheck on every script that git knows or would add, and check the format of the installer.
set -eu
cd "$(dirname "$0")/.."
mapfile -d '' scripts < <(git ls-files --cached --others --exclude-standard -z -- '*.sh' .ci/run)
shellcheck "${scripts[@]}"
shfmt --diff --indent 4 --case-indent installer
