#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later The first part of the file that the playbook scp sends to a host;
# a tarball follows after the last line. One file can be sent by every connection plugin, and the host needs
# only sh, tar and gzip to unpack it.
set -eu
umask 022
trap '' HUP PIPE # a lost connection does not stop install.sh, which needs its directory until it ends
work=$(mktemp -d /var/tmp/slipway.XXXXXX)
trap 'rm -rf "$work"' EXIT
first=$(awk '/^# === the tarball ===$/ { print NR + 1; exit }' "$0")
tail -n "+$first" "$0" | tar xzf - -C "$work"
sh "$work"/*/install.sh "$@"
exit
# === the tarball ===
