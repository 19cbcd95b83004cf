# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy.plan import decide
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy.put_back import to_put_back
from ansible_collections.slipway.golang.plugins.module_utils.host.deploy.strategies import Share

TARGET = SimpleNamespace(id="2-b")
HEALTHY = {
    "target_here": True,
    "donor": None,
    "current": "2-b",
    "running_release": "2-b",
    "binary_intact": True,
    "units_installed": True,
    "health_problem": lambda: None,
    "leftovers": [],
    "share": None,
    "is_recorded": True,
    "adoption": None,
    "unit": {"ActiveState": "active", "UnitFileState": "enabled", "NeedDaemonReload": "no"},
}


def state(**differences):
    unit = dict(HEALTHY["unit"], **differences.pop("unit", {}))
    return SimpleNamespace(**dict(HEALTHY, unit=unit, **differences))


def test_nothing_is_done_if_the_target_is_live_and_healthy():
    plan = decide(state(), TARGET, activate=True)
    assert not plan.changed and plan.reasons == []


@pytest.mark.parametrize(
    ("difference", "reason"),
    [
        ({"current": "1-a"}, "current is 1-a, the target is 2-b"),
        ({"current": None}, "current is not set"),
        ({"unit": {"ActiveState": "failed"}}, "the service is failed"),
        ({"running_release": "1-a"}, "the running process is of 1-a"),
        ({"running_release": None}, "no release of Slipway's"),
        ({"target_here": False}, "files of 2-b are damaged"),
        ({"binary_intact": False}, "not the one that was released"),
        ({"units_installed": False}, "the unit in"),
        ({"unit": {"UnitFileState": "disabled"}}, "not enabled"),
        ({"unit": {"NeedDaemonReload": "yes"}}, "has not read"),
        ({"health_problem": lambda: "answered 503"}, "not healthy: answered 503"),
    ],
)
def test_any_difference_is_a_reason_to_activate(difference, reason):
    plan = decide(state(**difference), TARGET, activate=True)
    assert plan.activate and reason in plan.reasons[0]


@pytest.mark.parametrize(
    ("difference", "reason"),
    [
        ({"leftovers": ["orders@blue.service"]}, "the old instance orders@blue.service still runs"),
        ({"share": Share("3-c", 5), "units_installed": False}, "5% of requests go to 3-c"),
        ({"is_recorded": False}, "the history does not say that 2-b is healthy"),
        ({"adoption": SimpleNamespace(service="orders.service")}, "the adoption of orders.service was"),
    ],
)
def test_an_interrupted_deploy_is_completed_and_not_repeated(difference, reason):
    plan = decide(state(**difference), TARGET, activate=True)
    assert plan.changed and plan.complete and not plan.activate and reason in plan.reasons[0]
    assert not decide(state(**difference), TARGET, activate=False).changed
    assert not decide(state(current="1-a", **difference), TARGET, activate=True).complete


def test_an_artifact_is_sent_only_if_no_release_here_has_it():
    assert decide(state(target_here=False, current="1-a"), TARGET, activate=True).needs_artifact
    with_donor = decide(state(target_here=False, current="1-a", donor=object()), TARGET, activate=True)
    assert with_donor.stage == "compose" and not with_donor.needs_artifact


def test_staging_never_activates():
    plan = decide(state(target_here=False, current="1-a"), TARGET, activate=False)
    assert plan.stage == "unpack" and not plan.activate and "2-b is not on this host" in plan.reasons[0]
    assert not decide(state(current="1-a"), TARGET, activate=False).changed


@pytest.mark.parametrize(
    ("current", "previous", "outcomes", "back"),
    [
        pytest.param("1-a", None, {"1-a": "ok"}, "1-a", id="what is live"),
        pytest.param(None, None, {}, None, id="nothing was live"),
        pytest.param(
            "2-b", "1-a", {"1-a": "ok"}, "1-a", id="the target was left live by an interrupted deploy"
        ),
        pytest.param(
            "3-c", "1-a", {"1-a": "ok"}, "1-a", id="another release was left live by an interrupted deploy"
        ),
        pytest.param(
            "3-c", "1-a", {"1-a": "ok", "3-c": "reverted"}, "1-a", id="what is live was found unhealthy"
        ),
        pytest.param("3-c", "1-a", {}, "3-c", id="there is no history"),
        pytest.param(
            "2-b", "1-a", {"1-a": "ok", "2-b": "ok"}, None, id="the target was good and became unhealthy"
        ),
        pytest.param("3-c", "2-b", {"2-b": "ok"}, "3-c", id="rolling back to the good one itself"),
    ],
)
def test_what_is_put_back_is_the_last_release_that_was_good(current, previous, outcomes, back):
    assert to_put_back(current, previous, TARGET.id, outcomes) == back
