#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Update requirements-*.txt, here and below tests/, from requirements-*.in: every package that is installed, with the
# digests of its files. Pinned versions stay; pin_requirements.sh --upgrade takes the newest.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -x .work/audit/bin/pip ] || python3 -m venv --clear .work/audit
.work/audit/bin/pip install --quiet --require-hashes -r requirements-audit.txt
for list in requirements-*.in tests/controllers/requirements-*.in tests/system/*/requirements-*.in; do
  case $list in
  *-2.16.in | *-2.17.in | *-2.18.in | *-2.19.in | requirements-* | tests/system/*) python=3.11 ;;
  *) python=3.13 ;; # as the Debian that runs it has, see tests/controllers/core.py
  esac
  .work/audit/bin/uv pip compile --quiet --universal --python-version "$python" --generate-hashes --no-annotate \
    --custom-compile-command "make lock" "$@" "$list" --output-file "${list%.in}.txt"
done
