# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of systemd that are needed here: argv lists in, values out."""

from __future__ import annotations

import functools
import re
import subprocess
import time

from ...common.errors import SlipwayError
from ...common.unit.options import SINCE

PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "MainPID",
    "NRestarts",
    "InvocationID",
    "UnitFileState",
    "ExecMainCode",
    "ExecMainStatus",
    "ExecMainStartTimestampMonotonic",
    "NeedDaemonReload",
)
_TOO_NEW = r":[0-9]+: Unknown (?:key name|key|lvalue) '(?:%s)' in section" % "|".join(SINCE)
OLDEST = 240  # the oldest version of systemd that is supported
MAX_ERROR = 1000
START_TIMEOUT = 600
POLL_SECONDS = 0.1
# How long `systemctl start` may at least be busy before its unit is looked at.
SHORTEST_WAIT = 2


class TimedOut(SlipwayError):
    """A command did not end in time."""


def run(argv: list, timeout: float = 120) -> subprocess.CompletedProcess:
    """Run a command to its end; raises if it cannot run or end, never for its exit code."""
    try:
        return subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        raise SlipwayError(
            "There is no command %s on this host: Slipway needs systemd and its tools" % argv[0]
        ) from None
    except subprocess.TimeoutExpired:
        raise TimedOut("%s did not end within %d s" % (" ".join(argv), timeout)) from None


@functools.lru_cache(maxsize=None)
def version() -> int:
    """systemd's version as a number; 0 if it is unknown."""
    fields = run(["systemctl", "--version"]).stdout.split()
    try:
        return int("".join(character for character in fields[1] if character.isdigit()) or 0)
    except IndexError:
        return 0


def show(unit: str) -> dict:
    """The unit's PROPERTIES as strings, MainPID and NRestarts as numbers; an unknown unit is inactive."""
    answer = run(["systemctl", "show", "--property=" + ",".join(PROPERTIES), unit])
    state = dict(line.split("=", 1) for line in answer.stdout.splitlines() if "=" in line)
    if "ActiveState" not in state:
        raise SlipwayError(
            "systemctl show %s printed no state: %s" % (unit, (answer.stderr or answer.stdout).strip()[:500])
        )
    for number in ("MainPID", "NRestarts"):
        state[number] = int(state.get(number) or 0)
    return state


def properties(unit: str, names: tuple) -> dict:
    """Further properties of a unit, as strings; empty where this systemd has none."""
    answer = run(["systemctl", "show", "--property=" + ",".join(names), unit])
    found = dict(line.split("=", 1) for line in answer.stdout.splitlines() if "=" in line)
    return {name: found.get(name, "") for name in names}


def start(unit: str, verb: str = "restart", ready_within: float | None = None) -> None:
    """Start or restart a unit, even if earlier failures reached its start limit.

    Nothing else is tried twice: a command in ExecStartPre= may be a migration. ``ready_within``: how many
    seconds its process has to report that it is ready (Type=notify); None for systemd's own limit.
    """
    reason = _start(unit, verb, ready_within)
    if reason and show(unit).get("Result", "").endswith("limit-hit"):
        run(["systemctl", "reset-failed", unit])
        reason = _start(unit, verb, ready_within)
    if reason:
        raise SlipwayError(reason)


def _start(unit, verb, ready_within):
    """Why the unit did not start; empty if it did."""
    limit = START_TIMEOUT if ready_within is None else max(ready_within, SHORTEST_WAIT)
    try:
        answer = run(["systemctl", verb, unit], timeout=limit)
    except TimedOut:
        if ready_within is None:
            raise
        return _await_start(unit, ready_within)
    if answer.returncode:
        return "systemctl %s %s failed: %s" % (verb, unit, answer.stderr.strip()[:MAX_ERROR])
    return ""


def _await_start(unit, ready_within):
    """Wait for a start that systemd is busy with: the old process may take long to stop.

    Returns why the unit did not start; empty if it did.
    """
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        state = show(unit)
        # systemd counts in microseconds, on the clock of time.monotonic().
        running = time.monotonic() - int(state.get("ExecMainStartTimestampMonotonic") or 0) / 1e6
        waits_for_ready = state["ActiveState"] == "activating" and state.get("SubState") == "start"
        if waits_for_ready and running > ready_within:
            return (
                "its process did not report READY=1 within %g s, and the unit is of Type=notify. "
                "Report it with sd_notify(3), set slipway_unit: {type: exec}, or a longer deadline in "
                "slipway_health" % ready_within
            )
        if state["ActiveState"] in ("active", "reloading", "refreshing"):
            return ""
        if state["ActiveState"] in ("failed", "inactive") or state.get("SubState") == "auto-restart":
            return "its start failed with result %s" % (state.get("Result") or "unknown")
        time.sleep(POLL_SECONDS)
    return "it did not start within %d s" % START_TIMEOUT


def stop(unit: str) -> None:
    """Stop a unit and wait for its end; a unit that does not exist is stopped already."""
    answer = run(["systemctl", "stop", unit], timeout=START_TIMEOUT)
    if answer.returncode and "not loaded" not in answer.stderr:
        raise SlipwayError("systemctl stop %s failed: %s" % (unit, answer.stderr.strip()[:MAX_ERROR]))


def enable(unit: str) -> None:
    answer = run(["systemctl", "enable", "--quiet", unit])
    if answer.returncode:
        raise SlipwayError("systemctl enable %s failed: %s" % (unit, answer.stderr.strip()[:MAX_ERROR]))


def disable(unit: str) -> None:
    run(["systemctl", "disable", "--quiet", unit])


def journal_tail(unit: str, since: float, lines: int = 20) -> list:
    """The newest journal lines of a unit, not older than ``since`` in seconds since the epoch.

    An older systemd warns of new directives at every reload, which says nothing about the unit.
    """
    argv = [
        "journalctl",
        "--no-pager",
        "--quiet",
        "--output=cat",
        "--lines=%d" % lines,
        "--since=@%d" % since,
        "--unit=" + unit,
    ]
    return [line for line in run(argv).stdout.splitlines() if not re.search(_TOO_NEW, line)]
