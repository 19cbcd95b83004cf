# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import rollout

HOSTS = ["web%d" % number for number in range(1, 11)]
WILL = {"changed": True, "current": "1-a", "release": "2-b", "reasons": ["current is 1-a"], "bytes": 100}
IS = {"changed": False, "current": "2-b", "release": "2-b"}
BAD = {"problem": "no user orders", "current": "1-a"}
AWAY = {"unreachable": True, "msg": "timed out"}
OK = {
    "changed": True,
    "outcome": "ok",
    "from": "1-a",
    "current": "2-b",
    "phases": {"start": 40},
    "ready_ms": 41,
}
REVERTED = {"failed": True, "outcome": "reverted", "from": "1-a", "current": "1-a", "msg": "not healthy"}


def settings(hosts=HOSTS, **changes):
    base = {
        "hosts": list(hosts),
        "all_hosts": list(hosts),
        "waves": [1, "25%", "100%"],
        "max_failures": 0,
        "on_failure": "halt",
        "unhealthy_first": False,
        "lease": True,
    }
    return dict(base, **changes)


def plan(plans=None, **changes):
    plans = dict(dict.fromkeys(HOSTS, WILL), **(plans or {}))
    return rollout.planned({"orders": settings(**changes)}, plans)


def outcomes(made):
    return [row["outcome"] for row in made["rows"].values()]


def test_hosts_that_need_nothing_are_in_no_wave():
    made = plan({"web1": IS, "web2": IS})
    assert made["order"] == HOSTS[2:] and made["sizes"] == [1, 2, 5] and made["keepers"] == {"orders": "web1"}


def test_with_nothing_to_do_there_is_no_wave_and_no_lease():
    made = plan(dict.fromkeys(HOSTS, IS))
    assert made["order"] == [] and made["keepers"] == {} and rollout.ended(made)["ok"]


@pytest.mark.parametrize("trouble", [BAD, AWAY, {"failed": True, "msg": "no Python"}, None])
def test_more_problems_than_the_budget_change_nothing_anywhere(trouble):
    made = plan({"web10": trouble})
    assert made["order"] == [] and made["refused"].startswith("1 of 10 hosts of orders have a problem")
    assert not rollout.ended(made)["ok"] and made["rows"]["web10"]["why"]


@pytest.mark.parametrize("trouble", [BAD, AWAY])
def test_within_the_budget_a_host_with_a_problem_is_left_out_and_stays_in_the_table(trouble):
    made = plan({"web1": trouble}, max_failures=1)
    assert made["order"] == HOSTS[1:] and made["rows"]["web1"]["failed"] and not made["refused"]
    # It has used up the budget.
    assert rollout.after_wave(made, ["web2"], {"web2": REVERTED})["stopped"]


def test_the_lease_is_kept_by_the_first_host_that_answers_even_if_limit_leaves_it_out():
    assert plan({"web1": AWAY}, max_failures=1)["keepers"] == {"orders": "web2"}
    made = rollout.planned({"orders": settings(["web3"], all_hosts=HOSTS)}, {"web3": WILL})
    assert made["keepers"] == {"orders": "web1"}
    assert rollout.planned({"orders": settings(["web3"])}, {"web3": WILL})["keepers"] == {}


def test_unhealthy_hosts_come_first_where_that_is_asked_for():
    unhealthy = dict(WILL, healthy=False)
    assert plan({"web9": unhealthy}, unhealthy_first=True)["order"][:2] == ["web9", "web1"]
    assert plan({"web9": unhealthy})["order"][0] == "web1"


def test_several_apps_have_waves_and_budgets_of_their_own():
    apps = {
        "api": settings(["a1", "a2"]),
        "worker": settings(["w1", "w2", "w3"], waves=["100%"], max_failures=1),
    }
    made = rollout.planned(apps, dict.fromkeys(["a1", "a2", "w1", "w2", "w3"], WILL))
    assert made["order"] == ["a1", "a2", "w1", "w2", "w3"] and made["sizes"] == [1, 1, 3]
    assert made["keepers"] == {"api": "a1", "worker": "w1"}
    made = rollout.after_wave(made, ["a1"], {"a1": OK})
    made = rollout.after_wave(made, ["a2"], {"a2": OK})
    assert not rollout.after_wave(made, ["w1", "w2", "w3"], {"w1": REVERTED, "w2": OK, "w3": OK})["stopped"]


def test_a_failure_beyond_the_budget_ends_the_rollout():
    made = rollout.after_wave(plan(), ["web1"], {"web1": REVERTED})
    assert made["stopped"] == "1 of 10 hosts of orders failed, and slipway_max_failures is 0"
    made = rollout.ended(made)
    assert outcomes(made) == ["reverted"] + ["not reached"] * 9 and not made["ok"]
    assert made["rows"]["web2"]["to"] == "1-a"


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (OK, "ok"),
        (dict(OK, changed=False), "unchanged"),
        (REVERTED, "reverted"),
        ({"failed": True, "outcome": "down", "msg": "x"}, "down"),
        ({"failed": True, "msg": "the drain tasks failed"}, "failed"),
        ({"unreachable": True, "msg": "gone"}, "unreachable"),
        (None, "unreachable"),
        ({"failed": True, "outcome": "unhealthy", "from": "1-a", "current": "2-b"}, "unhealthy"),
    ],
)
def test_every_result_has_its_outcome(result, outcome):
    made = rollout.after_wave(plan(), ["web1"], {"web1": result})
    assert made["rows"]["web1"]["outcome"] == outcome
    assert made["rows"]["web1"]["failed"] == (outcome not in ("ok", "unchanged"))


def test_all_good():
    made = rollout.after_wave(plan(), HOSTS, dict.fromkeys(HOSTS, OK))
    summary = rollout.summary(rollout.ended(made))
    assert summary["ok"] and summary["failures"] == 0 and summary["hosts"][0]["ready_ms"] == 41
    assert rollout.to_roll_back(made) == []


@pytest.mark.parametrize(
    ("on_failure", "back"), [("halt", []), ("revert_wave", ["web3"]), ("revert_all", ["web1", "web3"])]
)
def test_who_goes_back_when_the_budget_is_exceeded(on_failure, back):
    made = rollout.after_wave(plan(on_failure=on_failure), ["web1"], {"web1": OK})
    made = rollout.after_wave(made, ["web2", "web3"], {"web2": REVERTED, "web3": OK})
    assert rollout.to_roll_back(made) == back


def test_a_host_that_became_unhealthy_in_the_soak_goes_back_in_any_case():
    late = {"failed": True, "outcome": "unhealthy", "from": "1-a", "current": "2-b", "msg": "answered 500"}
    made = rollout.after_wave(plan(max_failures=5), ["web1", "web2"], {"web1": late, "web2": OK})
    assert rollout.to_roll_back(made) == ["web1"]
    made = rollout.after_rollback(made, ["web1"], {"web1": dict(OK, current="1-a")})
    row = made["rows"]["web1"]
    assert (row["outcome"], row["to"], row["why"], row["failed"]) == (
        "rolled back",
        "1-a",
        "answered 500",
        True,
    )
    assert rollout.to_roll_back(made) == []


def test_a_host_that_cannot_go_back_says_so():
    made = rollout.after_wave(plan(on_failure="revert_all"), ["web1", "web2"], {"web1": OK, "web2": REVERTED})
    made = rollout.after_rollback(
        made, ["web1"], {"web1": {"failed": True, "outcome": "down", "msg": "both failed"}}
    )
    assert made["rows"]["web1"]["outcome"] == "down" and made["rows"]["web1"]["why"] == "both failed"
