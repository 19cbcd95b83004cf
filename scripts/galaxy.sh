#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Build the collection, install it in another directory as a user would, and check that its plugins and playbooks are found there.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
export ANSIBLE_COLLECTIONS_PATH=$there/collections

python "$root/scripts/tree.py"
ansible-galaxy collection build --output-path "$there" "$root/.work/tree/ansible_collections/slipway/golang"
tar -tzf "$there"/slipway-golang-*.tar.gz
if tar -tzf "$there"/slipway-golang-*.tar.gz | grep -E '^(\.|tests/|lab/|molecule/|Makefile)'; then
  echo "the files above do not belong into the collection: see build_ignore in galaxy.yml" >&2
  exit 1
fi
ansible-galaxy collection install --offline "$there"/slipway-golang-*.tar.gz

cd "$there"
collection=$there/collections/ansible_collections/slipway/golang
for script in install.sh self_extract.sh; do
  [ -s "$collection/installer/$script" ]
done
for module in "$collection"/plugins/modules/*.py; do
  name=slipway.golang.$(basename "$module" .py)
  echo "$name"
  ansible-doc --type module "$name" >/dev/null
done
for filter in "$collection"/plugins/filter/*.yml; do
  name=slipway.golang.$(basename "$filter" .yml)
  echo "$name"
  ansible-doc --type filter "$name" >/dev/null
done
for role in "$collection"/roles/*/; do
  name=slipway.golang.$(basename "$role")
  echo "$name"
  ansible-doc --type role "$name" | grep -q .
done
for playbook in "$collection"/playbooks/*.yml; do
  name=slipway.golang.$(basename "$playbook" .yml)
  echo "$name"
  ansible-playbook --syntax-check --inventory localhost, "$name"
done
