# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done, from the host's state and the target. Pure: check mode and diff print this plan."""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing, without the cost of importing it
if TYPE_CHECKING:
    from .state import HostState
    from .target import Target


class Plan:
    """What has to be done.

    ``stage``: "unpack" (the artifact has to be sent), "compose" (a release here was made from it) or None.
    ``activate``: whether to make the target the live release.
    ``complete``: the target is live and healthy, but the deploy of it was interrupted before its end.
    """

    def __init__(self, stage: str | None, activate: bool, reasons: list, complete: bool = False):
        self.stage = stage
        self.activate = activate
        self.reasons = reasons
        self.complete = complete

    @property
    def changed(self) -> bool:
        return bool(self.stage or self.activate or self.complete)

    @property
    def needs_artifact(self) -> bool:
        return self.stage == "unpack"


def decide(state: HostState, target: Target, *, activate: bool) -> Plan:
    """The plan; ``activate`` is false if the release is only to be staged."""
    stage = None
    if not state.target_here:
        stage = "compose" if state.donor else "unpack"
    if activate:
        reasons = _reasons_to_activate(state, target)
        undone = [] if reasons else list(_left_undone(state, target))
        return Plan(stage, bool(reasons), reasons or undone, complete=bool(undone))
    return Plan(stage, False, ["%s is not on this host, or is damaged" % target.id] if stage else [])


def _reasons_to_activate(state, target):
    """Why the target is not live: the first reason that a person would look for; empty if it is live."""
    if state.current != target.id:
        return ["current is %s, the target is %s" % (state.current or "not set", target.id)]
    first = next(_differences(state, target), None)
    return [first] if first else []


def _differences(state, target):
    if not state.target_here:
        yield "the files of %s are damaged" % target.id
    if state.unit["ActiveState"] != "active":
        yield "the service is %s" % state.unit["ActiveState"]
    if state.running_release != target.id:
        yield "the running process is of %s" % (state.running_release or "no release of Slipway's")
    if not state.binary_intact:
        yield "the running binary is not the one that was released"
    if not state.units_installed and not state.share:  # they are for all instances
        yield "the unit in /etc/systemd/system is not the one that was released"
    if state.unit["UnitFileState"] != "enabled":
        yield "the unit is not enabled"
    if state.unit.get("NeedDaemonReload") == "yes":
        yield "systemd has not read the unit's newest text"
    problem = state.health_problem()
    if problem:
        yield "the service is not healthy: %s" % problem


def _left_undone(state, target):
    """What an interrupted deploy has not done although the target is live and healthy."""
    if state.share:
        yield "%d%% of requests go to %s" % (state.share.percent, state.share.release)
    for unit_name in state.leftovers:
        yield "the old instance %s still runs, or is enabled" % unit_name
    if not state.is_recorded:
        yield "the history does not say that %s is healthy" % target.id
    if state.adoption:
        yield "the adoption of %s was interrupted" % state.adoption.service
