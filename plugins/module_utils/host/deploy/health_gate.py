# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is the release that was just started healthy? The process, its binary, and its own answers have to agree."""

from __future__ import annotations

import os

from ...common import health
from ...common.errors import SlipwayError
from ..releases import running
from ..systemd import systemctl


class Unhealthy(SlipwayError):
    """The release did not come up, or did not stay up. The facts carry the evidence."""


def wait_healthy(check, release_names, unit_name, since):
    """Wait until the unit's process is healthy and stays so; returns the Verdict and its pid, or raises Unhealthy.

    ``since``: when it was started, in seconds since the epoch; older journal lines are no evidence. The process that answered
    must be the one that was started: where that one is alive at the end, systemd has neither restarted nor stopped the unit.
    """
    state = systemctl.show(unit_name)
    pid = state["MainPID"]
    started = (
        int(state.get("ExecMainStartTimestampMonotonic") or 0) / 1e6
    )  # in microseconds, on the clock of time.monotonic()

    def alive():
        return None if pid and os.path.isdir("/proc/%d" % pid) else "its process ended"

    verdict = health.wait_until_ready(check, release=release_names, alive=alive, since=started or None)
    reason = alive() if verdict.ok else verdict.reason
    if reason:
        raise Unhealthy(reason, evidence=evidence(unit_name, verdict, since))
    return verdict, pid


def wait_release_healthy(check, release, release_names, unit_name, layout, since):
    """The same for a release that is live: the process must run this release's own bytes."""
    verdict, pid = wait_healthy(check, release_names, unit_name, since)
    if running.running_release(layout, pid) != release.id or not running.binary_intact(release, pid):
        raise Unhealthy(
            "the running process %d is not of %s" % (pid, release.id),
            evidence=evidence(unit_name, verdict, since),
        )
    return verdict


def evidence(unit_name, verdict, since):
    """What a person on call would look up first."""
    state = systemctl.show(unit_name)
    shown = {
        key: state[key]
        for key in ("ActiveState", "SubState", "Result", "MainPID", "NRestarts", "ExecMainStatus")
        if key in state
    }
    return {
        "unit": unit_name,
        "state": shown,
        "probes": verdict.to_dict()["attempts"][-5:],
        "journal": systemctl.journal_tail(unit_name, since),
        "next": "journalctl -u %s -e" % unit_name,
    }
