# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What we ask of systemd: argv lists in, facts out."""

from __future__ import annotations

import functools
import subprocess

from ...common.errors import SlipwayError

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
OLDEST = 240


def run(argv, timeout=120):
    """Run a command to its end; never raises for its exit code."""
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
        raise SlipwayError("%s is not on this host: Slipway needs systemd and its tools" % argv[0]) from None
    except subprocess.TimeoutExpired:
        raise SlipwayError("%s did not end within %d s" % (" ".join(argv), timeout)) from None


@functools.lru_cache(maxsize=None)
def version():
    """systemd's version as a number."""
    words = run(["systemctl", "--version"]).stdout.split()
    try:
        return int("".join(character for character in words[1] if character.isdigit()) or 0)
    except IndexError:
        return 0


def show(unit):
    """The unit's state: PROPERTIES as strings, MainPID and NRestarts as numbers; an unknown unit is inactive."""
    answer = run(["systemctl", "show", "--property=" + ",".join(PROPERTIES), unit])
    state = dict(line.split("=", 1) for line in answer.stdout.splitlines() if "=" in line)
    if "ActiveState" not in state:
        raise SlipwayError(
            "systemctl show %s gave no state: %s" % (unit, (answer.stderr or answer.stdout).strip()[:500])
        )
    for number in ("MainPID", "NRestarts"):
        state[number] = int(state.get(number) or 0)
    return state


def start(unit, verb="restart"):
    """Start or restart, whatever happened before: an old failure or start limit must not refuse a wanted start."""
    answer = run(["systemctl", verb, unit], timeout=600)
    if answer.returncode:
        run(["systemctl", "reset-failed", unit])
        answer = run(["systemctl", verb, unit], timeout=600)
    if answer.returncode:
        raise SlipwayError("systemctl %s %s failed: %s" % (verb, unit, answer.stderr.strip()[:1000]))


def stop(unit):
    """Stop a unit, waiting for its end; a unit that is not there is stopped."""
    answer = run(["systemctl", "stop", unit], timeout=600)
    if answer.returncode and "not loaded" not in answer.stderr:
        raise SlipwayError("systemctl stop %s failed: %s" % (unit, answer.stderr.strip()[:1000]))


def enable(unit):
    answer = run(["systemctl", "enable", "--quiet", unit])
    if answer.returncode:
        raise SlipwayError("systemctl enable %s failed: %s" % (unit, answer.stderr.strip()[:1000]))


def disable(unit):
    run(["systemctl", "disable", "--quiet", unit])


def journal_tail(unit, since, lines=20):
    """The newest journal lines of a unit, not older than ``since`` in seconds since the epoch."""
    argv = [
        "journalctl",
        "--no-pager",
        "--quiet",
        "--output=cat",
        "--lines=%d" % lines,
        "--since=@%d" % since,
        "--unit=" + unit,
    ]
    return run(argv).stdout.splitlines()
