#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# molecule.sh --all | SCENARIO: `molecule test`, with Go on PATH and the fleet `molecule` of the lab beneath.
set -eu
cd "$(dirname "$0")/../.."
PATH=$(bash tests/tools/go_directory.sh):$PATH
export PATH MOLECULE_GLOB='molecule/*/molecule.yml' MOLECULE_COMMAND_BORDERS=0 ANSIBLE_FORCE_COLOR=0
action=${ACTION:-test}
case $1 in
  --all) exec molecule -c .config/molecule/config.yml "$action" --all ;;
  *) exec molecule -c .config/molecule/config.yml "$action" --scenario-name "$1" ;;
esac
