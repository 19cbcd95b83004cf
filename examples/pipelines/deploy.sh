#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# deploy/deploy.sh of a service: deploy the tarballs in dist/ to the hosts of the group $STAGE.
# SSH_KEY: the private key. It is in the memory of an agent, and in no file.
set -euo pipefail
cd "$(dirname "$0")/.."

eval "$(ssh-agent -s)" >/dev/null
trap 'ssh-agent -k >/dev/null' EXIT
ssh-add -q - <<<"$SSH_KEY"
unset SSH_KEY

# The keys of the hosts are in the repository, and no other is accepted.
export ANSIBLE_HOST_KEY_CHECKING=true
export ANSIBLE_SSH_COMMON_ARGS="-o UserKnownHostsFile=$PWD/deploy/known_hosts -o StrictHostKeyChecking=yes"

ansible-playbook slipway.golang.deploy -i deploy/inventory.yml --limit "$STAGE" \
  -e "slipway_artifacts=[$(printf '%s,' "$PWD"/dist/*.tar.gz)]" -e "slipway_summary=$PWD/summary.json"
