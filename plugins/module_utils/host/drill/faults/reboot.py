# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host reboots. What ends the drill is its boot."""

from __future__ import annotations

import glob
import os

from ....common.errors import SlipwayError
from ...system import lock
from ...systemd import systemctl

# So long after the answer: it has reached the controller by then.
AFTER_SECONDS = 1


def plan(live, options):
    root = live.layout.root
    for path in glob.glob(os.path.join(os.path.dirname(root), "*", "lock")):
        lock.refuse_held(path)  # of another app, whose deploy would end in the middle
    return {"timer": live.layout.app + ".drill-reboot", "does": "reboots the host"}


def begin(facts):
    argv = ["systemd-run", "--quiet", "--collect", "--unit=" + facts["timer"]]
    argv += ["--on-active=%d" % AFTER_SECONDS, "--timer-property=AccuracySec=100ms"]
    answer = systemctl.run([*argv, "systemctl", "reboot"])
    if answer.returncode:
        raise SlipwayError("systemd-run failed: %s" % answer.stderr.strip()[:500])


def undo(facts):
    """If it has not begun yet, it does not."""
    systemctl.stop(facts["timer"] + ".timer")
