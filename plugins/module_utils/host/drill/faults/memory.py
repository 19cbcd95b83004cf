# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Memory runs out in the limit of the service: a process in its control group takes what is left there.

The kernel then kills the service, and systemd is to start it again. The limit is the service's own, so that
nobody else on the host lacks memory.
"""

from __future__ import annotations

import contextlib

from ....common.errors import SlipwayError
from ...system import procfs
from ...system.files import read_text
from ...systemd import load, systemctl

# The kernel kills the process with the highest number first, and counts memory too: so ours are several.
FIRST = "1000"
COUNT = 4


def plan(live, options):
    limit = systemctl.properties(live.unit, ("MemoryMax",))["MemoryMax"]
    if not limit.isdigit():
        raise SlipwayError(
            "%s has no limit (slipway_unit: {memory_max: 512M}), and all memory of the host would run out"
            % live.unit
        )
    facts = load.facts_of(live, options["seconds"], COUNT, int(limit) // COUNT)
    return dict(
        facts,
        pid=live.pid,
        started=procfs.started(live.pid),
        score=read_text(_score_of(live.pid)).strip(),
        does="takes the %d MB of memory that %s may have" % (int(limit) >> 20, live.unit),
    )


def begin(facts):
    _set_score(facts, FIRST)
    load.start(facts)


def undo(facts):
    load.stop(facts)
    _set_score(facts, facts["score"])


def _set_score(facts, score):
    """Of the same process only: one that was started again has its own."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        if procfs.started(facts["pid"]) == facts["started"]:
            with open(_score_of(facts["pid"]), "w", encoding="ascii") as handle:
                handle.write(score)


def _score_of(pid):
    return "/proc/%d/oom_score_adj" % pid
