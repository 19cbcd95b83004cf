# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate after a wave, and the shares before the switch: who is asked what, when, and what follows."""

from __future__ import annotations

import json
import sys

import pytest
import yaml

from ..plugins.module_utils.host.deploy.artifacts import artifact
from .stub import NEW, OLD

SITE = {"slipway_domain": "orders.example.com", "slipway_tls": False}
SHARED = dict(SITE, slipway_strategy="blue_green", slipway_soak_seconds=1, slipway_shares=[5, 25])


def counted(release, requests, errors, server="127.0.0.1:8080", baseline=()):
    entry = {"release": release, "server": server, "requests": requests, "errors": errors, "slow": 0}
    return {"releases": {}, "servers": [entry], "baseline": list(baseline), "complete": True}


def answers(errors, **more):
    """web1 has the new release, and so many of its requests were bad."""
    old = counted(OLD.rpartition("-")[0], 3000, 3)
    return {"request_info": old, "request_info web1": counted("", 1000, errors), **more}


def calls(run, name):
    return [call for call in run.calls if call["call"] == name]


def test_a_release_that_is_worse_is_rolled_back_in_the_first_wave(play, tmp_path):
    run = play(
        "deploy",
        # The stub answers for the host of the task: what it asks of two others comes from there too.
        {"request_info": counted("2.0.0", 1000, 43, baseline=counted("1.0.0", 3000, 3)["servers"])},
        slipway_waves=[1],
        slipway_soak_seconds=1,
        slipway_max_failures=9,
        slipway_summary="summary.json",
        **SITE,
    )
    assert run.status != 0 and run.names("request_info", "release_info") == ["release web1", "rollback web1"]
    assert run.table() == {"web1": "rolled back", "web2": "not reached", "web3": "not reached"}
    line = "4.3%% of 3,000 requests were bad with %s, 0.1%% of 9,000 with %s" % (NEW, OLD)
    assert "Gate, wave 1: worse: " + line in run.output and "web1: rolled back: " + line in run.output
    (back,) = calls(run, "rollback")
    assert back["args"]["reverts"] and line in back["args"]["reason"]
    written = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert written["gate"][0]["verdict"] == "worse" and written["gate"][0]["new"]["bad"] == 3 * 43
    assert not written["ok"] and line in written["reason"]


def test_a_good_release_costs_one_question_for_each_log(play):
    run = play("deploy", answers(0), slipway_waves=[1], slipway_soak_seconds=1, **SITE)
    assert run.status == 0, run.output
    asked = calls(run, "request_info")
    # web1 counts on itself and the two that wait, then web2 on itself and one, then web3 alone.
    assert [call["host"] for call in asked] == ["web1"] * 3 + ["web2"] * 2 + ["web3"]
    assert {call["args"]["name"] for call in asked} == {"orders"}
    assert asked[0]["args"]["baseline"] == 3000 and int(asked[0]["args"]["baseline_after"]) >= 1
    assert run.output.count("Gate, wave ") == 6  # as they happen, and in the end


def test_without_a_soak_nothing_is_judged_and_with_one_only_where_nginx_is(play):
    for variables in (
        SITE,
        {"slipway_soak_seconds": 1},
        dict(SITE, slipway_soak_seconds=1, slipway_gate={"from": "off"}),
    ):
        run = play("deploy", slipway_waves=["100%"], **variables)
        assert run.status == 0 and calls(run, "request_info") == [] and "Gate" not in run.output


def test_it_looks_again_until_there_are_enough_requests_or_patience_is_over(play):
    gate = {"patience": 5, "at_least": 100}
    run = play(
        "deploy", {"request_info": counted("", 5, 0)}, slipway_waves=["100%"], slipway_gate=gate, **SITE
    )
    assert run.status == 0, run.output
    assert len(calls(run, "request_info")) >= 2 * 3 and "waiting up to " in run.output
    assert "Gate, wave 1: unsure: " in run.output and "at_least is 100" in run.output


@pytest.mark.parametrize(("unsure", "table"), [("go_on", "ok"), ("stop", "rolled back")])
def test_logs_that_cannot_be_counted_are_no_failure_unless_they_are_to_be(play, unsure, table):
    failed = {"failed": True, "msg": "There is no access log"}
    run = play(
        "deploy",
        {"request_info": failed},
        slipway_waves=["100%"],
        slipway_soak_seconds=1,
        slipway_on_failure="revert_wave",
        slipway_gate={"unsure": unsure},
        **SITE,
    )
    assert (run.status == 0) == (unsure == "go_on"), run.output
    assert set(run.table().values()) == {table}
    assert "unsure: requests were not counted: web1: There is no access log" in run.output


def test_one_log_that_cannot_be_read_is_named(play):
    failed = {"failed": True, "msg": "There is no access log"}
    answer = {"request_info": counted("1.0.0", 1000, 1), "request_info web1": failed}
    run = play("deploy", answer, slipway_waves=["100%"], slipway_soak_seconds=1, **SITE)
    assert run.status == 0, run.output
    assert "Gate, wave 1: unsure: requests were not counted: web1: There is no access log\n" in run.output


def test_a_host_that_is_unhealthy_after_the_soak_is_no_reason_to_call_the_release_worse(play):
    ill = {"changed": False, "healthy": False, "health_problem": "HTTP 503", "unit": {"NRestarts": 0}}
    run = play(
        "deploy",
        {
            "release_info web1": ill,
            "request_info": counted("2.0.0", 1000, 0, baseline=counted("1.0.0", 3000, 3)["servers"]),
            "request_info web1": counted("2.0.0", 1000, 900),
        },
        slipway_waves=["100%"],
        slipway_soak_seconds=1,
        slipway_max_failures=1,
        **SITE,
    )
    assert run.status == 0, run.output
    assert run.table() == {"web1": "rolled back", "web2": "ok", "web3": "ok"}
    assert "better or the same: 0.0% of 2,000 requests" in run.output


def test_a_command_counts(play):
    counts = {"new": {"requests": 1000, "bad": 43}, "old": {"requests": 3000, "bad": 3}}
    command = [sys.executable, "-c", "import sys; print(sys.argv[1])", json.dumps(counts)]
    run = play(
        "deploy",
        slipway_waves=[1],
        slipway_soak_seconds=1,
        slipway_gate={"from": "command", "command": command},
    )
    assert run.status != 0 and run.table()["web1"] == "rolled back", run.output
    assert calls(run, "request_info") == []


def test_the_plan_shows_what_is_ahead(play):
    run = play("plan", slipway_waves=["100%"], **SHARED)
    assert run.status == 0, run.output
    steps = "5% of requests for 1 s, 25% of requests for 1 s, all for 1 s"
    assert "On trial: orders: %s; bad is 5xx, at least 200 requests" % steps in run.output


# --- shares ---


def test_each_share_is_soaked_and_judged_before_the_next(play):
    run = play("deploy", answers(0), slipway_waves=[1, 2], **SHARED)
    assert run.status == 0, run.output
    assert run.names("release_info", "request_info")[:3] == ["share web1", "share web1", "release web1"]
    assert sorted(run.names("release_info", "request_info")[3:7]) == sorted(["share web2", "share web3"] * 2)
    given = [int(call["args"]["share"]) for call in calls(run, "share")]
    assert given == [5, 25, 5, 5, 25, 25]
    first = calls(run, "share")[0]["args"]
    assert int(first["confirm_within"]) == 301 and first["plan"]["current"] == OLD
    assert run.table() == dict.fromkeys(["web1", "web2", "web3"], "ok")
    assert "Gate, wave 1 at 5% of requests: " in run.output


def test_a_share_that_is_worse_ends_at_once_and_goes_no_further(play):
    bad = counted("2.0.0", 100, 30, server="127.0.0.1:8081", baseline=counted("1.0.0", 3000, 3)["servers"])
    run = play("deploy", {"request_info": bad}, slipway_waves=[2], slipway_gate={"at_least": 50}, **SHARED)
    assert run.status != 0, run.output
    names = run.names("release_info", "request_info")
    assert sorted(names) == ["rollback web1", "rollback web2", "share web1", "share web2"]
    assert run.table() == {"web1": "rolled back", "web2": "rolled back", "web3": "not reached"}
    assert {call["args"]["release"] for call in calls(run, "rollback")} == {OLD}


def test_a_host_that_refuses_a_share_gets_nothing_more(play):
    refused = {"failed": True, "outcome": "rejected", "from": OLD, "current": OLD, "msg": "not healthy"}
    run = play("deploy", {"share web1": refused}, slipway_waves=["100%"], slipway_max_failures=1, **SHARED)
    assert run.status == 0, run.output
    assert "release web1" not in run.names() and run.names().count("share web1") == 1
    assert run.table() == {"web1": "rejected", "web2": "ok", "web3": "ok"}


def test_another_app_of_the_run_is_drained_and_has_no_shares(play, tmp_path):
    (tmp_path / "drain.yml").write_text(
        "---\n- name: Call the load balancer\n  slipway.golang.logs:\n  ignore_errors: true\n",
        encoding="utf-8",
    )
    inventory = yaml.safe_load((tmp_path / "inventory.yml").read_text(encoding="utf-8"))
    (tmp_path / "shop.tar.gz").write_bytes(artifact("shop", "2.0.0").tarball)
    shop = {"slipway_app": "shop", "slipway_artifacts": ["shop.tar.gz"], "slipway_drain_tasks": "drain.yml"}
    inventory["all"]["hosts"].update(web1=SHARED, web3=shop)
    inventory["all"]["hosts"].pop("web2")
    (tmp_path / "two.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    run = play("deploy", inventory="two.yml", slipway_waves=["100%"])
    assert run.status == 0, run.output
    names = run.names("release_info", "request_info")
    assert names.count("release web1") == names.count("release web3") == 1, names
    assert [name for name in names if name.startswith(("share", "logs"))] == ["share web1"] * 2 + [
        "logs web3"
    ]


def test_a_first_release_has_no_shares(play):
    plan = {"changed": True, "outcome": "ok", "release": NEW, "current": None, "from": None, "reasons": ["x"]}
    run = play("deploy", {"plan web1": plan}, slipway_waves=["100%"], **SHARED)
    assert run.status == 0, run.output
    assert "share web1" not in run.names() and "release web1" in run.names()


def test_a_rollback_is_neither_shared_nor_judged(play):
    run = play("rollback", slipway_waves=["100%"], **SHARED)
    assert run.status == 0, run.output
    assert calls(run, "share") == [] and calls(run, "request_info") == []


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"slipway_shares": [5]}, "slipway_shares: it is for slipway_strategy: blue_green"),
        (dict(SHARED, slipway_soak_seconds=0), "slipway_shares: each share lasts as long as the soak"),
        (dict(SHARED, slipway_drain_tasks="drain.yml"), "slipway_shares: with slipway_drain_tasks"),
        (
            {"slipway_gate": {"unsure": "stop"}},
            "slipway_gate: it judges requests, and the rollout waits for none",
        ),
        (
            {"slipway_gate": {"from": "nginx"}, "slipway_soak_seconds": 1},
            "slipway_gate.from: nginx is set up for",
        ),
        (
            dict(
                SITE,
                slipway_gate={"from": "nginx"},
                slipway_soak_seconds=1,
                slipway_proxy={"access_log": False},
            ),
            "slipway_gate.from: nginx logs no requests",
        ),
    ],
)
def test_what_contradicts_is_refused_first(play, variables, words):
    run = play("deploy", **variables)
    assert run.status != 0 and run.calls == [] and words in run.output.replace("\n", " ")
