# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait until a release that was just started is healthy: its process, its binary and its answers."""

from __future__ import annotations

import os

from ...common import health
from ...common.errors import SlipwayError
from ..releases import running
from ..systemd import systemctl

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from ..releases.layout import Layout, Release

_SHOWN_STATE = ("ActiveState", "SubState", "Result", "MainPID", "NRestarts", "ExecMainStatus")
_SHOWN_PROBES = 5


class Unhealthy(SlipwayError):
    """The release did not come up, or did not stay up. The facts carry the evidence."""


def wait_healthy(check, release_names: tuple, unit_name: str, since: float):
    """Wait until the unit's process is healthy and stays so. Returns the Verdict and the pid.

    Raises Unhealthy. ``since``: when it was started, in seconds since the epoch; older journal lines are no
    evidence. The process that answered must be the one that was started: if that one is alive at the end,
    systemd has neither restarted nor stopped the unit.
    """
    state = systemctl.show(unit_name)
    pid = state["MainPID"]
    # systemd counts in microseconds, on the clock of time.monotonic().
    started = int(state.get("ExecMainStartTimestampMonotonic") or 0) / 1e6

    def alive():
        return None if pid and os.path.isdir("/proc/%d" % pid) else "its process ended"

    verdict = health.wait_until_ready(check, release=release_names, alive=alive, since=started or None)
    reason = alive() if verdict.ok else verdict.reason
    if reason:
        raise Unhealthy(reason, evidence=evidence(unit_name, verdict, since))
    return verdict, pid


def wait_release_healthy(
    check, release: Release, release_names: tuple, unit_name: str, layout: Layout, since: float
):
    """The same for a live release: the process must also run this release's binary. Returns the Verdict."""
    verdict, pid = wait_healthy(check, release_names, unit_name, since)
    if running.running_release(layout, pid) != release.id or not running.binary_intact(release, pid):
        raise Unhealthy(
            "the running process %d does not run the binary of %s" % (pid, release.id),
            evidence=evidence(unit_name, verdict, since),
        )
    return verdict


def evidence(unit_name: str, verdict, since: float) -> dict:
    """What a person on call would look up first. ``verdict``: None where nothing was probed yet."""
    state = systemctl.show(unit_name)
    return {
        "unit": unit_name,
        "state": {key: state[key] for key in _SHOWN_STATE if key in state},
        "probes": verdict.to_dict()["attempts"][-_SHOWN_PROBES:] if verdict else [],
        "journal": systemctl.journal_tail(unit_name, since),
        "next": "journalctl -u %s -e" % unit_name,
    }
