# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide, purely, what is to be done, from what is and what is wanted. Check mode and diff print this decision."""

from __future__ import annotations


class Plan:
    """``stage``: None, "unpack" (the artifact has to travel) or "compose" (a release here has it); ``activate``: bring it live."""

    def __init__(self, stage, activate, reasons):
        self.stage = stage
        self.activate = activate
        self.reasons = reasons

    @property
    def changed(self):
        return bool(self.stage or self.activate)

    @property
    def needs_artifact(self):
        return self.stage == "unpack"


def decide(state, target, *, activate):
    """``state`` is a HostState; ``activate`` is false where the release shall only be staged."""
    stage = None
    if not state.target_here:
        stage = "compose" if state.donor else "unpack"
    live = _reasons(state, target) if activate else []
    staged = ["%s is not on this host, or is damaged" % target.id] if stage and not activate else []
    return Plan(stage, bool(live), live + staged)


def _reasons(state, target):
    """Why the target is not live yet: the first reason, in the order in which a person would look; empty where it is live."""
    if state.current != target.id:
        return ["current is %s, wanted is %s" % (state.current or "not set", target.id)]
    return next(_differences(state, target), [])


def _differences(state, target):
    if not state.target_here:
        yield ["the files of %s are damaged" % target.id]
    if state.unit["ActiveState"] != "active":
        yield ["the service is %s" % state.unit["ActiveState"]]
    if state.running_release != target.id:
        yield ["the running process is of %s" % (state.running_release or "no release of ours")]
    if not state.binary_intact:
        yield ["the running binary is not the one that was released"]
    if not state.units_installed:
        yield ["the unit in /etc/systemd/system is not the one that was released"]
    if state.unit["UnitFileState"] != "enabled":
        yield ["the unit is not enabled"]
    if state.unit.get("NeedDaemonReload") == "yes":
        yield ["systemd has not read the unit's newest text"]
    problem = state.health_problem()
    if problem:
        yield ["the service is not healthy: %s" % problem]


def to_put_back(current, previous, target, outcomes):
    """The id of the release to go back to where the target fails; None where there is none.

    That is what is live, unless an interrupted deploy left it there unproven: then it is what was live before. A target that is
    live already, and was good once, has nothing to go back to: what ails it now came from outside.
    """
    if outcomes.get(current) != "ok" and outcomes.get(previous) == "ok" and previous != target:
        return previous
    return current if current != target else None
