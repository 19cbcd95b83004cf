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


def decide(look, target, *, activate):
    """``look`` is what ``observe`` saw; ``activate`` is false where the release shall only be staged."""
    stage = None
    if not look.target_here:
        stage = "compose" if look.donor else "unpack"
    reasons = _reasons(look, target) if activate else []
    if stage and not activate:
        reasons = ["%s is not on this host" % target.id]
    return Plan(stage, bool(activate and reasons), reasons)


def _reasons(look, target):
    """Why the target is not live yet, in the order in which a person would look; empty where it is."""
    if look.current != target.id:
        return ["current is %s, wanted is %s" % (look.current or "not set", target.id)]
    checks = (
        (look.unit["ActiveState"] == "active", "the service is %s" % look.unit["ActiveState"]),
        (look.running_release == target.id, "the running process is of %s" % (look.running_release or "no release of ours")),
        (look.binary_intact, "the running binary is not the one that was released"),
        (look.units_installed, "the unit in /etc/systemd/system is not the one that was released"),
        (look.unit["UnitFileState"] == "enabled", "the unit is not enabled"),
        (look.unit.get("NeedDaemonReload") != "yes", "systemd has not read the unit's newest text"),
        (look.sickness is None, "the service is not healthy: %s" % look.sickness),
    )
    return [reason for holds, reason in checks if not holds][:1]
