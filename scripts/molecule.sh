#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# molecule.sh ACTION [SCENARIO]: run molecule for one scenario, or for all of them, three at a time: while one waits for its
# hosts, the others have the processors. Each has hosts, state and a log of its own (two checkouts on one engine set LAB_FLEET).
# `test` begins with fresh hosts and removes them; other actions keep what is there.
set -eu
cd "$(dirname "$0")/.."
action=$1 scenario=${2:-}

if [ -z "$scenario" ]; then
  longest=(waves strategies certbot fleet)
  others=()
  for path in molecule/*/molecule.yml; do
    name=${path#molecule/} name=${name%/molecule.yml}
    case " default ${longest[*]} " in *" $name "*) ;; *) others+=("$name") ;; esac
  done
  begun=$SECONDS
  printf '%s\n' "${longest[@]}" "${others[@]}" |
    AT_ONCE=1 xargs -P 3 -I {} bash scripts/quietly.sh molecule-{} bash scripts/molecule.sh "$action" {}
  echo "molecule $((SECONDS - begun))" >>.work/log/minutes
  exit
fi

PATH=$(bash scripts/go_directory.sh):$PATH
LAB_SCENARIO=$scenario
LAB_FLEET=${LAB_FLEET:-molecule}-${scenario//_/-}
MOLECULE_EPHEMERAL_DIRECTORY=$PWD/.work/molecule/$LAB_FLEET
MOLECULE_GLOB='molecule/*/molecule.yml'
MOLECULE_COMMAND_BORDERS=0
export PATH LAB_SCENARIO LAB_FLEET MOLECULE_EPHEMERAL_DIRECTORY MOLECULE_GLOB MOLECULE_COMMAND_BORDERS

if [ "$action" = test ]; then
  rm -rf "$MOLECULE_EPHEMERAL_DIRECTORY"
  python3 lab/lab.py engine
  python3 lab/lab.py down "$LAB_FLEET"
fi
exec molecule -c .config/molecule/config.yml "$action" --scenario-name "$scenario"
