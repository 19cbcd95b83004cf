#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# minutes.sh: print what quietly.sh measured since .work/log/minutes was removed.
set -eu
cd "$(dirname "$0")/.."
echo "Minutes per suite:"
# The scenarios of molecule run side by side, and so do the folders of acceptance: only all of them together count.
awk '{ printf "  %-26s%6.1f\n", $1, $2 / 60 } $1 !~ /^(molecule|acceptance)-/ { all += $2 } END { printf "  %-26s%6.1f\n", "all", all / 60 }' .work/log/minutes
