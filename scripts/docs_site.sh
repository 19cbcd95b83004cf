#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `make docs-site`: the documentation as HTML that opens from a directory, in .work/docs-site/html. Fails on a dead link.
set -eu
cd "$(dirname "$0")/.."
site=$PWD/.work/docs-site
rm -rf "$site"
mkdir -p "$site/source/collection"
chmod -R go-w "$site"

python scripts/check_links.py
antsibull-docs --config-file docs/docsite/antsibull-docs.cfg collection --use-current --squash-hierarchy --cleanup everything \
  --dest-dir "$site/source/collection" slipway.golang
python scripts/docs_pages.py "$site/source"
sphinx-build -q -b html -c docs/docsite -d "$site/doctrees" "$site/source" "$site/html"
python scripts/check_links.py "$site/html"
echo "Open it: $site/html/index.html"
