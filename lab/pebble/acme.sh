#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Have the ACME server of this host behave badly, and well again.
set -eu

usage='usage: acme validity SECONDS | limit | block | serve
  validity  issue certificates that run so long; this restarts Pebble, which forgets its accounts and its root
  limit     refuse new orders: rateLimited
  block     answer nobody on port 14000: packets are dropped
  serve     undo limit and block, and have Pebble run'

open_port() {
  nft 'add table ip acme; delete table ip acme'
}

case "${1:-}:${2:-}" in
  validity:[1-9]*)
    sed -i "s/\(\"certificateValidityPeriod\"\): .*/\1: $(($2))/" /etc/pebble/pebble.json
    systemctl restart pebble
    ;;
  limit:)
    open_port
    nft 'table ip acme { chain in { type nat hook prerouting priority dstnat; tcp dport 14000 redirect to :14001; }; }'
    ;;
  block:)
    open_port
    nft 'table ip acme { chain in { type filter hook input priority filter; iifname != "lo" tcp dport 14000 drop; }; }'
    ;;
  serve:)
    open_port
    systemctl start pebble
    ;;
  *)
    echo "$usage" >&2
    exit 2
    ;;
esac
