#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# quietly.sh NAME COMMAND…: run a command, keep what it prints in .work/log/NAME.log, and show the end of it on failure.
# Its last lines are shown as well when LINES_OF_SUCCESS says how many. The seconds go to .work/log/minutes (minutes.sh).
# AT_ONCE=1 prints nothing before the end, for several that run at once.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
name=$1
shift
log=$root/.work/log/$name.log
mkdir -p "${log%/*}"
export NO_COLOR=1 ANSIBLE_FORCE_COLOR=0 # colours are no use in a log
[ -n "${AT_ONCE:-}" ] || printf '%-28s' "$name"
begun=$SECONDS
"$@" >"$log" 2>&1 </dev/null
status=$?
[ -z "${AT_ONCE:-}" ] || printf '%-28s' "$name"
echo "$name $((SECONDS - begun))" >>"$root/.work/log/minutes"
if [ $status -ne 0 ]; then
  echo "FAILED with $status after $((SECONDS - begun)) s; the end of .work/log/$name.log:"
  tail -n "${LINES_OF_FAILURE:-60}" "$log" | sed 's/^/    /'
  exit $status
fi
echo "ok, $((SECONDS - begun)) s"
tail -n "${LINES_OF_SUCCESS:-0}" "$log" | sed 's/^/    /'
