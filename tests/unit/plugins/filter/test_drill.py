# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.filter.drill import drill_problem, drill_rows

WELL = {"unit": {}, "running": {"pid": 7}, "healthy": True, "health_problem": None}


@pytest.mark.parametrize(
    "status, problem",
    [
        (WELL, ""),
        (dict(WELL, healthy=None), ""),
        (dict(WELL, healthy="True"), ""),
        (dict(WELL, healthy=False, health_problem="answered 503"), "web2: answered 503"),
        (dict(WELL, healthy="False", health_problem="answered 503"), "web2: answered 503"),
        (dict(WELL, running=None), "web2: it does not run"),
        ({"msg": "no Python\nat all", "failed": True}, "web2: no Python"),
        ({"unreachable": True, "msg": "no route"}, "web2: unreachable"),
        (None, "web2: unreachable"),
    ],
)
def test_nothing_is_broken_unless_all_are_well(status, problem):
    hostvars = {"web1": {"slipway__status": WELL}, "web2": {"slipway__status": status}}
    found = drill_problem(["web1", "web2"], hostvars)
    assert found == (
        "refused: nothing was broken, as not all hosts are healthy: " + problem if problem else ""
    )


def test_a_row_for_each_host_that_was_to_be_hit():
    done = {
        "verdict": "held",
        "passed": True,
        "lost": 0,
        "msg": "held: none",
        "invocation": {},
        "failed": False,
    }
    hostvars = {"web1": {"slipway__drill": done}, "web2": {"slipway__drill": {"skipped": True}}, "web3": {}}
    rows = drill_rows(["web1", "web2", "web3"], hostvars, "another rollout is in progress")
    assert rows[0] == {"host": "web1", "verdict": "held", "passed": True, "lost": 0, "msg": "held: none"}
    for row in rows[1:]:
        assert (row["verdict"], row["passed"]) == ("refused", False)
        assert row["msg"] == "another rollout is in progress"
    (row,) = drill_rows(
        ["web1"], {"web1": {"slipway__drill": {"msg": "Failed to connect", "unreachable": True}}}
    )
    assert row["msg"] == "Failed to connect" and not row["passed"]
