#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Install what the tests call beside the tools of requirements-dev.txt: no test is left out where a program is missing.
set -eu
cd "$(dirname "$0")/.."
for command in shellcheck:shellcheck busybox:busybox dash:dash curl:curl wget:wget openssl:openssl readelf:binutils \
  unshare:util-linux systemd-analyze:systemd; do
  command -v "${command%:*}" >/dev/null || "${PYTHON:-python3}" lab/lab.py install "${command#*:}"
done
