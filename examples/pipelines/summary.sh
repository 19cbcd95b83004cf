#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# deploy/summary.sh of a service: the closing table as Markdown; nothing if the deploy did not come so far.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -e summary.json ] || exit 0
python3 - <<'PYTHON'
import json

with open("summary.json", encoding="utf-8") as file:
    summary = json.load(file)
print("| host | from | to | outcome | seconds |\n|---|---|---|---|---|")
for host in summary["hosts"]:
    cells = [host["host"], host["from"] or "-", host["to"] or "-", host["outcome"], host["seconds"]]
    print("| %s |" % " | ".join(str(cell).replace("|", "\\|") for cell in cells))
if summary["reason"]:
    print("\n%s" % summary["reason"])
PYTHON
