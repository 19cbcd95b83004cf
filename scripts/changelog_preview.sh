#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Write CHANGELOG.md from the fragments as the next release would, and leave the fragments as they are.
set -eu
cd "$(dirname "$0")/.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r galaxy.yml changelogs "$copy"
rm -f "$copy/changelogs/.plugin-cache.yaml"
cd "$copy"
antsibull-changelog release --date "${CHANGELOG_DATE:-$(date -u +%Y-%m-%d)}" >/dev/null
cd - >/dev/null
sed "s/^## v.*/& (not released yet)/" "$copy/CHANGELOG.md" >CHANGELOG.md
