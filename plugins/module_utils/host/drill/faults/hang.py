# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main process stops to run, and keeps its port: as in a deadlock. It goes on when the drill ends."""

from __future__ import annotations

import contextlib
import os
import signal

from ...system import procfs


def plan(live, options):
    return {
        "pid": live.pid,
        "started": procfs.started(live.pid),
        "does": "stops process %d of %s with SIGSTOP" % (live.pid, live.unit),
    }


def begin(facts):
    _signal(facts, signal.SIGSTOP)


def undo(facts):
    _signal(facts, signal.SIGCONT)


def _signal(facts, number):
    """Only if it is the same process: another one may have got its number."""
    if procfs.started(facts["pid"]) == facts["started"]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(facts["pid"], number)
