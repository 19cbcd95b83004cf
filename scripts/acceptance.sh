#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# acceptance.sh [ARGUMENTS]: run pytest on the folders of tests/ other than tests/unit, three at a time: while one waits for its
# hosts, the others have the processors. Each has hosts and a log of its own. With arguments it is one pytest on all of them.
# tests/system/kubernetes needs root, and a build of its own: make test-kubernetes.
set -eu
cd "$(dirname "$0")/.."

longest=(tests/system/{no_python,log_shipping,metrics,guard,image,zoo,drill} tests/fault_injection)
folders=()
for path in "${longest[@]}" tests/*/test_*.py tests/system/*/test_*.py; do
  [ -d "$path" ] || path=${path%/*}
  case " ${folders[*]} tests/unit tests/system/kubernetes " in *" $path "*) ;; *) folders+=("$path") ;; esac
done

if [ $# -gt 0 ]; then
  exec pytest --quiet "${folders[@]}" "$@"
fi
rm -f .work/log/acceptance-*.log
# shellcheck disable=SC2016 # the inner shell expands it
printf '%s\n' "${folders[@]}" |
  AT_ONCE=1 xargs -P 3 -I {} bash -c 'exec bash scripts/quietly.sh "acceptance-${1##*/}" pytest --quiet "$1"' - {}
echo "$(tail -qn 1 .work/log/acceptance-*.log | awk '{ all += $1 } END { print all }') passed in ${#folders[@]} folders"
