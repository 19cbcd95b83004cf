#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# minutes.sh: print what quietly.sh measured since .work/log/minutes began with the time of that moment (`make new-minutes`).
# Some suites run side by side, so together they took less than their sum.
set -eu
cd "$(dirname "$0")/.."
echo "Minutes per suite:"
awk -v now="$(date +%s)" 'NR == 1 { begun = $1; next } { printf "  %-26s%6.1f\n", $1, $2 / 60 }
  END { printf "  %-26s%6.1f\n", "together", (now - begun) / 60 }' .work/log/minutes
