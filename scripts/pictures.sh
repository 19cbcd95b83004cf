#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Make the pictures of the documentation anew, from real runs on hosts of the lab.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/.work/venv/bin:$(bash scripts/go_directory.sh):$PATH
export PATH ANSIBLE_COLLECTIONS_PATH=$PWD/.work/collections
pytest --quiet tests/system/profiles/test_flame.py tests/system/profiles/test_report.py
cp .work/pictures/profile.png docs/how-to/profile.png
cp .work/pictures/report-wide.png docs/how-to/report.png
