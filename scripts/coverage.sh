#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run tests/unit with coverage, processes that the tests start included, and print the figure of plugins/ in one line.
# coverage.sh [ARGUMENT OF PYTEST...]; the lines that were not run are in .work/coverage/html.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$PWD/.work/coverage
rm -rf "$work"
mkdir -p "$work"
# Python reads this in every process of the tests, as it is on their path; without COVERAGE_PROCESS_START it does nothing.
printf 'import coverage\n\ncoverage.process_startup()\n' >"$work/sitecustomize.py"
export COVERAGE_PROCESS_START=$PWD/pyproject.toml
export PYTHONPATH=$work${PYTHONPATH:+:$PYTHONPATH}

status=0
pytest --numprocesses "${JOBS:-auto}" --quiet "$@" tests/unit || status=$?
coverage combine --quiet
coverage html --quiet --directory "$work/html"
printf 'coverage of plugins/ by tests/unit: %s %%\n' "$(coverage report --format total)"
exit "$status"
