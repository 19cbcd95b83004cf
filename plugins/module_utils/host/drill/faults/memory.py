# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Memory runs out in the limit of the service: a process in its control group takes what is left there.

The kernel then kills the service, and systemd is to start it again. The limit is the service's own, so that
nobody else on the host lacks memory.
"""

from __future__ import annotations

from ....common.errors import SlipwayError
from ...systemd import load, systemctl


def plan(live, options):
    limit = systemctl.properties(live.unit, ("MemoryMax",))["MemoryMax"]
    if not limit.isdigit():
        raise SlipwayError(
            "%s has no limit (slipway_unit: {memory_max: 512M}), and all memory of the host would run out"
            % live.unit
        )
    facts = load.facts_of(live, "memory", int(limit), options["seconds"])
    return dict(facts, does="takes the %d MB of memory that %s may have" % (int(limit) >> 20, live.unit))


def begin(facts):
    load.start(facts)


def undo(facts):
    load.stop(facts)
