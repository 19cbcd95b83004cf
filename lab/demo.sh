#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `make demo`: three hosts, and a Gin service that is deployed twice, rolled back, and reached by HTTPS. `make demo-down`
# removes the hosts.
set -eu
cd "$(dirname "$0")/.."
PATH=$(bash scripts/go_directory.sh):$PATH
export ANSIBLE_PIPELINING=1 # one SSH execution for a task in place of five
export ANSIBLE_DISPLAY_SKIPPED_HOSTS=false # only what happens
inventory=.work/lab/demo/inventory.yml

step() {
  printf '\n\033[1m== %s\033[0m\n' "$*"
}

# Print a command, and run it.
show() {
  (PS4='$ '; set -x; "$@")
}

# The Gin service needs its modules. The other example is the same service with the standard library only.
example=gin-api
if ! (cd examples/gin-api && GOFLAGS=-mod=readonly go mod download) >.work/log/demo-modules.log 2>&1; then
  echo "The Go module proxy cannot be reached (.work/log/demo-modules.log): deploying examples/hello instead of examples/gin-api."
  example=hello
fi

slipway() {
  local playbook=$1
  shift
  ansible-playbook "slipway.golang.$playbook" -i "$inventory" -e @lab/demo.yml \
    -e slipway_app="$example" -e slipway_source="$PWD/examples/$example" -e slipway_dist="$PWD/.work/demo" "$@"
}

step "Create three hosts with systemd and SSH, and an ACME server in place of Let's Encrypt"
python3 lab/lab.py up demo --hosts 3 --group acme=1:acme

step "Set up the hosts, once: the service's user, nginx, and a certificate for every host"
# New hosts have other ports in the inventory; `make demo-down` removes the note with the hosts.
prepared=.work/lab/demo/prepared
now=$({ cat "$inventory"; find roles plugins playbooks lab/demo.yml -type f ! -name '*.pyc' -exec sha256sum {} + | sort; } | sha256sum)
if [ -e "$prepared" ] && [ "$(cat "$prepared")" = "$now" ]; then
  echo "An earlier run has prepared these hosts, and neither they nor the roles have changed since."
else
  slipway setup
  echo "$now" >"$prepared"
fi

step "Build version 1.0.0 and deploy it"
slipway deploy -e slipway_version=1.0.0

step "Build version 1.1.0 and deploy it"
slipway deploy -e slipway_version=1.1.0

step "Show what runs"
slipway status

step "Roll back to version 1.0.0"
slipway rollback

step "Download the root certificate of the lab's CA for curl"
root=.work/lab/demo/root.pem
show curl --silent --show-error --fail --cacert .work/lab/demo/acme_ca.crt --output "$root" "$(sed -n 's/.*lab_acme_root_url: "\(.*\)"/\1/p' "$inventory")"

# --connect-to maps the hosts' ports to those on 127.0.0.1.
ports=$(awk 'NF == 1 { host = $1; sub(":", "", host) }
  $1 == "lab_http_port:" { http = $2 }
  $1 == "lab_https_port:" && host ~ /^web/ { print host, http, $2 }' "$inventory")
while read -r host http https; do
  name=$host.example.test
  step "Request https://$name"
  show curl --silent --show-error --fail --write-out '\n' --cacert "$root" --connect-to "$name:443:127.0.0.1:$https" "https://$name/version"
  show curl --silent --show-error --output /dev/null --write-out '%{http_code} to %{redirect_url}\n' --connect-to "$name:80:127.0.0.1:$http" "http://$name/version"
  served=$(openssl s_client -connect "127.0.0.1:$https" -servername "$name" </dev/null 2>/dev/null)
  openssl x509 -noout -subject -enddate <<<"$served"
done <<<"$ports"

echo "Log in with: python3 lab/lab.py ssh demo web1. Remove the hosts with: make demo-down"
