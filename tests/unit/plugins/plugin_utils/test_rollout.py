# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.golang.plugins.plugin_utils import rollout

HOSTS = ["web%d" % number for number in range(1, 11)]
WILL = {"changed": True, "current": "1-a", "release": "2-b", "reasons": ["current is 1-a"], "bytes": 100}
WILL.update(outcome="ok", plan={"changed": True, "artifact": "0a"})
IS = {"changed": False, "current": "2-b", "release": "2-b", "outcome": "ok", "plan": {"changed": False}}
BAD = {"failed": True, "outcome": "rejected", "msg": "no user orders", "current": "1-a"}
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
        "migrate": None,
        "shares": [],
        "gate": {},
        "soak_seconds": 0,
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
    assert rollout.after_wave(made, {"web2": REVERTED})["stopped"]


def test_the_lease_is_kept_by_the_first_host_that_answers_even_if_limit_leaves_it_out():
    assert plan({"web1": AWAY}, max_failures=1)["keepers"] == {"orders": "web2"}
    made = rollout.planned({"orders": settings(["web3"], all_hosts=HOSTS)}, {"web3": WILL})
    assert made["keepers"] == {"orders": "web1"}
    assert rollout.planned({"orders": settings(["web3"])}, {"web3": WILL})["keepers"] == {"orders": ""}


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
    assert made["first"] == {"api": "a1", "worker": "w1"}
    made = rollout.after_wave(made, {"a1": OK})
    made = rollout.after_wave(made, {"a2": OK})
    assert rollout.current_wave(made) == ["w1", "w2", "w3"]
    assert not rollout.after_wave(made, {"w1": REVERTED, "w2": OK, "w3": OK})["stopped"]


def after(plans=None, results=(), **changes):
    """A rollout in waves of one, after as many waves as there are results."""
    made = plan(plans, waves=[1], **changes)
    for result in results:
        made = rollout.after_wave(made, {rollout.current_wave(made)[0]: result})
    return made


def test_a_failure_beyond_the_budget_ends_the_rollout():
    made = after(results=[REVERTED])
    assert made["stopped"] == "1 of 10 hosts of orders failed, and slipway_max_failures is 0: web1"
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
        ({"outcome": "rejected", "msg": "its task did not fail"}, "rejected"),
        ({"unreachable": True, "msg": "gone"}, "unreachable"),
        (None, "unreachable"),
        ({"failed": True, "outcome": "unhealthy", "from": "1-a", "current": "2-b"}, "unhealthy"),
        (WILL, "failed"),  # only the plan is there: the host was not drained
    ],
)
def test_every_result_has_its_outcome(result, outcome):
    row = after(results=[result])["rows"]["web1"]
    assert row["outcome"] == outcome and row["failed"] == (outcome not in ("ok", "unchanged"))
    assert bool(row["why"]) == row["failed"]


def test_a_message_of_several_lines_stays_whole():
    text = "it is not healthy\nFrom its journal:\n  panic: boom"
    assert after(results=[dict(REVERTED, msg=text)])["rows"]["web1"]["why"] == text
    assert plan({"web1": dict(BAD, msg=text)})["rows"]["web1"]["why"] == text


def test_all_good():
    made = after(results=[OK] * 10)
    summary = rollout.summary(rollout.ended(made))
    assert summary["ok"] and summary["failures"] == 0 and summary["hosts"][0]["ready_ms"] == 41
    assert made["going_back"] == [] and made["back_sizes"] == []


@pytest.mark.parametrize(
    ("on_failure", "back"), [("halt", []), ("revert_wave", ["web3"]), ("revert_all", ["web1", "web3"])]
)
def test_who_goes_back_when_the_budget_is_exceeded(on_failure, back):
    made = rollout.after_wave(plan(on_failure=on_failure), {"web1": OK})
    assert rollout.current_wave(made) == ["web2", "web3"]
    made = rollout.after_wave(made, {"web2": REVERTED, "web3": OK})
    assert made["going_back"] == back and sum(made["back_sizes"]) == len(back)


def test_a_host_that_became_unhealthy_in_the_soak_goes_back_in_any_case():
    late = {"failed": True, "outcome": "unhealthy", "from": "1-a", "current": "2-b", "msg": "answered 500"}
    made = after(results=[OK], max_failures=5)
    assert made["going_back"] == []
    made = rollout.after_soak(made, {"web1": late})
    assert made["going_back"] == ["web1"] and made["reached"] == ["web1"]
    made = rollout.after_rollback(made, {"web1": dict(OK, current="1-a")})
    row = made["rows"]["web1"]
    assert (row["outcome"], row["to"], row["why"], row["failed"]) == (
        "rolled back",
        "1-a",
        "answered 500",
        True,
    )


def test_a_host_that_cannot_go_back_says_so():
    made = after(results=[OK, REVERTED], on_failure="revert_all")
    made = rollout.after_rollback(made, {"web1": {"failed": True, "outcome": "down", "msg": "both failed"}})
    assert made["rows"]["web1"]["outcome"] == "down" and made["rows"]["web1"]["why"] == "both failed"


def test_a_first_release_has_none_to_go_back_to():
    first = dict(OK, **{"from": None})
    made = after(dict.fromkeys(HOSTS, dict(WILL, current=None)), [first, REVERTED], on_failure="revert_all")
    assert made["going_back"] == []


def test_a_lease_that_is_lost_ends_the_rollout():
    made = rollout.lost_lease(after(results=[OK]), "orders", "ada has it")
    assert made["stopped"].startswith("ada has it: the lease of orders could not be renewed")


# --- migrations, and what else comes before the first wave ---

UP = {"args": ["up"], "timeout": 60}


def test_a_migration_runs_once_with_the_release_of_the_first_host_that_changes():
    assert plan({"web1": IS}, migrate=UP)["migrate"] == {"orders": "2-b"}
    assert plan({"web9": dict(WILL, migrations=[["up"]])}, migrate=UP)["migrate"] == {}
    assert plan({"web9": dict(WILL, migrations=[["down"]])}, migrate=UP)["migrate"] == {"orders": "2-b"}
    assert plan(dict.fromkeys(HOSTS, IS), migrate=UP)["migrate"] == {}
    assert plan({"web2": BAD}, migrate=UP)["migrate"] == {}


def test_what_fails_before_the_first_wave_ends_the_rollout():
    made = rollout.prepared(plan(), {"orders": {"problem": "ada has the lease"}})
    assert made["order"] == [] and made["stopped"].startswith("ada has the lease. No host was switched")
    made = rollout.prepared(plan(), {"orders": {"problem": "it failed", "migration": {"msg": "no table"}}})
    assert made["rows"]["web1"]["outcome"] == "not migrated" and made["rows"]["web1"]["why"] == "no table"
    assert rollout.prepared(plan(), {})["stopped"].startswith("the connection to web1 was lost")
    assert rollout.prepared(plan(), {"orders": {"problem": ""}})["order"] == HOSTS


# --- the gate and the shares ---

SHARED = dict(OK, current="1-a", server="127.0.0.1:8081", began=1.0, ended=2.0)


def judgement(verdict, *hosts, share=0, wave=1):
    """What the gate has found of these hosts."""
    sides = {"new": {"requests": 1043, "bad": 43, "release": "2-b"}}
    sides["old"] = {"requests": 3120, "bad": 3, "release": "1-a"}
    about = {"app": "orders", "hosts": list(hosts), "share": share, "wave": wave, "at_least": 200, "p": 0.5}
    return dict(sides, verdict=verdict, not_counted=[], **about)


NUMBERS = "4.1% of 1,043 requests were bad with 2-b, 0.1% of 3,120 with 1-a"


@pytest.mark.parametrize(
    ("on_failure", "back"),
    [("halt", ["web2", "web3"]), ("revert_wave", ["web2", "web3"]), ("revert_all", ["web1", "web2", "web3"])],
)
def test_a_wave_that_is_worse_goes_back_whatever_the_budget_is(on_failure, back):
    """It is the release that is bad, not the host: others would get it next."""
    made = rollout.after_wave(plan(on_failure=on_failure, max_failures=9), {"web1": OK})
    made = rollout.after_gate(made, judgement("better or the same", "web1"), stops=False)
    assert made["going_back"] == [] and not made["stopped"]
    made = rollout.after_wave(made, {"web2": OK, "web3": OK})
    made = rollout.after_gate(made, judgement("worse", "web2", "web3", wave=2), stops=True)
    assert made["stopped"] == "2-b is worse after wave 2 of orders: " + NUMBERS
    assert made["going_back"] == back
    assert made["rows"]["web2"]["outcome"] == "worse" and made["rows"]["web2"]["failed"]
    made = rollout.ended(rollout.after_rollback(made, dict.fromkeys(back, dict(OK, current="1-a"))))
    assert made["rows"]["web2"]["outcome"] == "rolled back" and made["rows"]["web2"]["why"] == NUMBERS
    found = rollout.summary(made)
    assert not found["ok"] and [each["verdict"] for each in found["gate"]] == ["better or the same", "worse"]


@pytest.mark.parametrize(
    ("on_failure", "back"), [("halt", []), ("revert_wave", ["web1"]), ("revert_all", ["web1"])]
)
def test_where_it_is_to_stop_when_unsure_hosts_go_back_as_on_failure_says(on_failure, back):
    made = rollout.after_wave(plan(on_failure=on_failure), {"web1": OK})
    made = rollout.after_gate(made, judgement("unsure", "web1"), stops=True)
    assert made["stopped"].startswith("2-b is not judged after wave 1 of orders: ")
    assert made["going_back"] == back and not made["rows"]["web1"]["failed"]


def test_where_it_is_to_go_on_when_unsure_it_goes_on():
    made = rollout.after_wave(plan(), {"web1": OK})
    made = rollout.after_gate(made, judgement("unsure", "web1"), stops=False)
    assert not made["stopped"] and rollout.next_wave(made) == ["web2", "web3"]


def shared(percent=5, results=(), **changes):
    made = plan(waves=[2], **changes)
    return rollout.after_share(made, dict({"web1": SHARED, "web2": SHARED}, **dict(results)), percent)


def test_a_share_leaves_the_old_release_live_and_its_wave_open():
    made = shared()
    assert rollout.current_wave(made) == ["web1", "web2"] and made["going_back"] == []
    assert [made["rows"][host]["share"] for host in HOSTS[:3]] == [5, 5, 0]
    assert made["rows"]["web1"]["outcome"] == "change" and len(made["rows"]["web1"]["acts"]) == 1
    made = rollout.after_share(made, {"web1": SHARED, "web2": SHARED}, 25)
    made = rollout.after_wave(made, {"web1": OK, "web2": OK})
    assert made["rows"]["web1"]["outcome"] == "ok" and made["rows"]["web1"]["share"] == 0


@pytest.mark.parametrize("on_failure", ["halt", "revert_wave", "revert_all"])
@pytest.mark.parametrize(("verdict", "failed"), [("worse", True), ("unsure", False)])
def test_a_share_goes_back_to_nothing_on_all_hosts_at_once(on_failure, verdict, failed):
    made = shared(on_failure=on_failure)
    made = rollout.after_gate(made, judgement(verdict, "web1", "web2", share=5), stops=True)
    assert made["going_back"] == ["web1", "web2"] and made["back_sizes"] == [2]
    back = dict(OK, current="1-a")
    made = rollout.ended(rollout.after_rollback(made, {"web1": back, "web2": back}))
    assert outcomes(made) == ["rolled back"] * 2 + ["not reached"] * 8
    row = made["rows"]["web1"]
    assert (row["to"], row["share"], row["failed"]) == ("1-a", 0, failed)
    assert row["why"].startswith(NUMBERS)


def test_hosts_of_earlier_waves_go_back_after_the_shares_have_ended():
    made = rollout.after_wave(plan(on_failure="revert_all"), {"web1": OK})
    made = rollout.after_share(made, {"web2": SHARED, "web3": SHARED}, 5)
    made = rollout.after_gate(made, judgement("worse", "web2", "web3", share=5, wave=2), stops=True)
    assert made["going_back"] == ["web2", "web3", "web1"] and made["back_sizes"] == [2, 1]


def test_a_host_that_refuses_its_share_counts_and_the_others_go_back():
    refused = dict(REVERTED, outcome="rejected")
    made = shared(results={"web1": refused})
    assert made["stopped"] and made["going_back"] == ["web2"]
    made = shared(results={"web1": refused}, max_failures=1)
    assert not made["stopped"] and made["going_back"] == []


# --- the plan that is kept ---


def test_the_same_plan_has_not_moved():
    assert rollout.moved(plan(), rollout.kept(plan())) == []


@pytest.mark.parametrize(
    ("plans", "words"),
    [
        ({"web3": IS}, "web3: outcome was change, and is unchanged"),
        ({"web3": dict(WILL, current="0-z")}, "web3: from was 1-a, and is 0-z"),
        ({"web3": dict(WILL, release="3-c")}, "web3: to was 2-b, and is 3-c"),
        ({"web3": dict(WILL, plan={"changed": True, "artifact": "ff"})}, "web3: artifact was 0a, and is ff"),
        ({"web3": AWAY}, "web3: outcome was change, and is unreachable"),
    ],
)
def test_what_moved_is_named(plans, words):
    assert words in rollout.moved(plan(plans, max_failures=1), rollout.kept(plan(max_failures=1)))


def test_other_hosts_and_other_waves_are_another_plan():
    kept = rollout.kept(plan())
    fewer = rollout.planned({"orders": settings(HOSTS[:9])}, dict.fromkeys(HOSTS, WILL))
    assert rollout.moved(fewer, kept) == ["web10 is not there any more"]
    assert rollout.moved(plan(), rollout.kept(fewer)) == ["web10 was not in it"]
    assert rollout.moved(plan(waves=[1]), kept) == ["the waves are others"]


@pytest.mark.parametrize("text", [None, [], "x", {}, {"format": 2}, {"format": 1, "hosts": ["x"]}])
def test_what_is_no_plan_is_refused(text):
    assert rollout.moved(plan(), text)


# --- a plan that was altered ---


def altered(**changes):
    return dict(rollout.kept(plan({"web2": IS})), **changes)


def with_row(**changes):
    hosts = altered()["hosts"]
    return altered(hosts=[dict(hosts[0], **changes)] + hosts[1:])


@pytest.mark.parametrize(
    "before, said",
    [
        (with_row(host="web0"), "web1 was not in it"),
        (with_row(app="shop"), "web1: app was shop, and is orders"),
        (with_row(outcome="unchanged"), "web1: outcome was unchanged, and is change"),
        (with_row(to="3-c"), "web1: to was 3-c, and is 2-b"),
        (with_row(artifact=None), "web1: artifact was nothing, and is 0a"),
        (with_row(**{"from": "0-z"}), "web1: from was 0-z, and is 1-a"),
        (with_row(host=["web1"]), "its list of hosts is damaged"),
        (altered(hosts={"web1": {}}), "its list of hosts is damaged"),
        (altered(hosts=1), "its list of hosts is damaged"),
        (altered(hosts=None), "its list of hosts is damaged"),
        (altered(hosts=["web1"]), "its list of hosts is damaged"),
        (altered(hosts=altered()["hosts"] * 2), "it has a host twice"),
        (altered(hosts=altered()["hosts"][1:]), "web1 was not in it"),
        (altered(order=HOSTS), "the waves are others"),
        (altered(waves=[9]), "the waves are others"),
        (altered(waves="all"), "the waves are others"),
        (altered(format=2), "it is no plan that this version has written"),
        ([], "it is no plan that this version has written"),
    ],
)
def test_a_plan_that_was_altered_by_hand_is_refused_with_what_moved(before, said):
    assert said in "; ".join(rollout.moved(plan({"web2": IS}), before))


def test_each_service_beyond_its_budget_is_named():
    apps = {app: settings([app + "1"]) for app in ("orders", "shop")}
    made = rollout.planned(apps, {"orders1": BAD, "shop1": AWAY})
    assert "1 of 1 hosts of orders have" in made["refused"] and "1 of 1 hosts of shop have" in made["refused"]


@pytest.mark.parametrize("trouble, keeper", [(dict(BAD, works=True), "web1"), (BAD, "web2"), (AWAY, "web2")])
def test_the_lease_is_kept_where_slipway_works(trouble, keeper):
    """A host without Python, or without root, cannot keep it; one that refuses the release can."""
    assert plan({"web1": trouble}, max_failures=1)["keepers"] == {"orders": keeper}
