#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# molecule.sh ACTION [SCENARIO]: run molecule for one scenario, or for all of them. Each has hosts and state of its own, so
# that two runs at once do not meet (two checkouts on one engine set LAB_FLEET). `test` begins with fresh hosts and
# removes them; other actions keep what is there.
set -eu
cd "$(dirname "$0")/../.."
action=$1 scenario=${2:-}

PATH=$(bash tests/tools/go_directory.sh):$PATH
LAB_SCENARIO=$scenario
LAB_FLEET=${LAB_FLEET:-molecule${scenario:+-${scenario//_/-}}}
MOLECULE_EPHEMERAL_DIRECTORY=$PWD/.work/molecule/$LAB_FLEET
MOLECULE_GLOB='molecule/*/molecule.yml'
MOLECULE_COMMAND_BORDERS=0
export PATH LAB_SCENARIO LAB_FLEET MOLECULE_EPHEMERAL_DIRECTORY MOLECULE_GLOB MOLECULE_COMMAND_BORDERS

if [ "$action" = test ]; then
  rm -rf "$MOLECULE_EPHEMERAL_DIRECTORY"
  python3 lab/lab.py engine
  python3 lab/lab.py down "$LAB_FLEET"
fi
if [ -n "$scenario" ]; then which=(--scenario-name "$scenario"); else which=(--all); fi
exec molecule -c .config/molecule/config.yml "$action" "${which[@]}"
