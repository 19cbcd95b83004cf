#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Install the tools of requirements-dev.txt into .work/venv, and link this checkout into a collections path.
set -eu
cd "$(dirname "$0")/.."
python=${1:-python3}
work=$PWD/.work

mkdir -p "$work/log"
exec 9>"$work/tools.lock"
flock 9 # two makes at once: the second one waits, and then has nothing to do
if [ "$work/tools.stamp" -nt requirements-dev.txt ] && [ "$work/tools.stamp" -nt scripts/setup_venv.sh ]; then exit 0; fi

if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  "$python" lab/lab.py install python3-venv
fi
command -v ssh >/dev/null || "$python" lab/lab.py install openssh-client

echo "tools: installing requirements-dev.txt into .work/venv (log: .work/log/tools.log)"
[ -x "$work/venv/bin/pip" ] || "$python" -m venv --clear "$work/venv"
if ! "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt >"$work/log/tools.log" 2>&1; then
  tail -n 20 "$work/log/tools.log" >&2
  exit 1
fi

mkdir -p "$work/collections/ansible_collections/slipway"
ln -sfn "$PWD" "$work/collections/ansible_collections/slipway/golang"
touch "$work/tools.stamp"
