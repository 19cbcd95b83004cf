#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `make demo`: three hosts, a Gin service deployed twice and rolled back once. `make demo-down` removes it all.
set -eu
cd "$(dirname "$0")/.."
PATH=$(bash tests/tools/go_directory.sh):$PATH
inventory=.work/lab/demo/inventory.yml

step() {
  printf '\n\033[1m== %s\033[0m\n' "$*"
}

# The Gin service needs its modules; the other example is the same service on the standard library alone.
example=gin-api
if ! (cd examples/gin-api && GOFLAGS=-mod=readonly go mod download) >.work/log/demo-modules.log 2>&1; then
  echo "The Go module proxy cannot be reached (.work/log/demo-modules.log), so the demo deploys examples/hello in place of examples/gin-api."
  example=hello
fi

slipway() {
  local playbook=$1
  shift
  ansible-playbook "slipway.golang.$playbook" -i "$inventory" -e @lab/demo.yml \
    -e slipway_app="$example" -e slipway_source="$PWD/examples/$example" -e slipway_dist="$PWD/.work/demo" "$@"
}

step "Three hosts with systemd and SSH"
python3 lab/lab.py up demo --hosts 3

step "Prepare them, once"
slipway setup

step "Build version 1.0.0 and deploy it"
slipway deploy -e slipway_version=1.0.0

step "Build version 1.1.0 and deploy it"
slipway deploy -e slipway_version=1.1.0

step "What runs where"
slipway status

step "Back to the version before"
slipway rollback

step "The service answers"
sed -n 's/.*lab_app_url: "\(.*\)"/\1/p' "$inventory" | while read -r url; do
  echo "$url/version: $(curl --silent --show-error --fail "$url/version")"
done
echo "Log in with: python3 lab/lab.py ssh demo web1. Remove it all with: make demo-down"
