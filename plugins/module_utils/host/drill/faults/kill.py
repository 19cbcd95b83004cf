# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main process is killed, as by the kernel when memory runs out. systemd is to start it again."""

from __future__ import annotations

import os
import signal

from ...system import procfs
from ...systemd import systemctl


def plan(live, options):
    return {
        "pid": live.pid,
        "started": procfs.started(live.pid),
        "unit": live.unit,
        "does": "kills process %d of %s" % (live.pid, live.unit),
    }


def begin(facts):
    if procfs.started(facts["pid"]) == facts["started"]:
        os.kill(facts["pid"], signal.SIGKILL)


def undo(facts):
    """Start the unit if systemd has given it up. One that somebody stopped is inactive, and stays so."""
    if systemctl.show(facts["unit"])["ActiveState"] == "failed":
        systemctl.run(["systemctl", "reset-failed", facts["unit"]])
        systemctl.start(facts["unit"], "start")
