# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of systemd that are needed here: argv lists in, values out."""

from __future__ import annotations

import functools
import re
import subprocess

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
_TOO_NEW = re.compile(r":[0-9]+: Unknown (?:key name|key|lvalue) '(?:%s)' in section" % "|".join(SINCE))
OLDEST = 240  # the oldest version of systemd that is supported
MAX_ERROR = 1000
START_TIMEOUT = 600


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
        raise SlipwayError("%s did not end within %d s" % (" ".join(argv), timeout)) from None


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


def start(unit: str, verb: str = "restart") -> None:
    """Start or restart a unit, even if earlier failures reached its start limit."""
    answer = run(["systemctl", verb, unit], timeout=START_TIMEOUT)
    if answer.returncode:
        run(["systemctl", "reset-failed", unit])
        answer = run(["systemctl", verb, unit], timeout=START_TIMEOUT)
    if answer.returncode:
        raise SlipwayError("systemctl %s %s failed: %s" % (verb, unit, answer.stderr.strip()[:MAX_ERROR]))


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
    return [line for line in run(argv).stdout.splitlines() if not _TOO_NEW.search(line)]
