#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# audit.sh: check every pinned dependency in the advisory databases of Python and Go, but not the old versions of ansible-core in
# tests/controllers: those are what others have. It fails if an advisory is found, or if a
# database cannot be reached. audit.sh --reachable: check only whether the databases can be reached.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

reachable() {
  python3 - <<'PYTHON'
import json, sys, urllib.request

try:
    with urllib.request.urlopen("https://pypi.org/pypi/pip/20.0/json", timeout=10) as answer:
        known = json.load(answer)["vulnerabilities"]
    urllib.request.urlopen("https://vuln.go.dev/index/modules.json", timeout=10).close()
except (OSError, ValueError, KeyError) as error:
    sys.exit("The advisory databases cannot be asked from here: %r" % error)
sys.exit(0 if known else "PyPI knows nothing of pip 20.0, which has known vulnerabilities: this is not the real one")
PYTHON
}

reachable
if [ "${1:-}" = --reachable ]; then exit 0; fi

[ -x .work/audit/bin/pip ] || python3 -m venv --clear .work/audit
.work/audit/bin/pip install --quiet --require-hashes -r requirements-audit.txt
for list in requirements-*.txt tests/system/*/requirements-*.txt; do
  echo "pip-audit: $list"
  .work/audit/bin/pip-audit --strict --disable-pip --require-hashes -r "$list"
done

PATH="$(bash scripts/go_directory.sh):$PATH"
for module in $(git ls-files '*go.mod'); do
  echo "govulncheck: ${module%/go.mod}"
  (cd "$root/${module%/go.mod}" && go run golang.org/x/vuln/cmd/govulncheck@v1.1.4 ./...)
done
