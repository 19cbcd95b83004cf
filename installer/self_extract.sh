#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The first half of what the playbook scp sends to a host; a tarball follows after the last line. One file can travel by
# any connection plugin, and needs nothing on the host but sh, tar and gzip.
set -eu
umask 022
trap '' HUP PIPE # a lost connection does not stop install.sh, so it must not pull the directory from under it
work=$(mktemp -d /var/tmp/slipway.XXXXXX)
trap 'rm -rf "$work"' EXIT
first=$(awk '/^# === the tarball ===$/ { print NR + 1; exit }' "$0")
tail -n "+$first" "$0" | tar xzf - -C "$work"
sh "$work"/*/install.sh "$@"
exit
# === the tarball ===
