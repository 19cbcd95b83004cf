#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Let the ACME server of this host fail, and restore it.
set -eu

usage='usage: acme validity SECONDS | limit | block | serve
  validity  issue certificates with this validity; this restarts Pebble, which loses its accounts and its root
  limit     refuse new orders: rateLimited
  block     drop all packets to port 14000
  serve     undo limit and block, and start Pebble'

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
