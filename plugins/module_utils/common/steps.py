# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps that the engine answers, and the module below host/ that has the function of that name."""

from __future__ import annotations

STEPS = {
    "plan": "deploy.preview",
    "apply": "deploy.deploy",
    "confirm": "deploy.confirm",
    "info": "deploy.info",
    "metrics": "releases.metrics",
    "run": "deploy.command",
    "logs": "observe.logs",
    "profile": "observe.profile",
    "measure": "observe.measure",
    "requests": "observe.requests",
    "sbom": "observe.sbom",
    "begin_drill": "drill.drill",
    "undo_drill": "drill.drill",
    "end_drill": "drill.armed",
    "acquire_lease": "releases.lease",
    "release_lease": "releases.lease",
}
# A request with state "absent" has its functions plan and apply in another one.
ABSENT = "deploy.remove"
