# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollout: the plan, what follows from it, the waves, and what is printed and written at the end."""

from __future__ import annotations

import json

import pytest

from ..plugins.module_utils.host.deploy.artifacts import artifact
from .stub import ANSWERS, NEW, OLD, PLAN

RELEASES = ["release web1", "release web2", "release web3"]
UP_TO_DATE = dict(PLAN, changed=False, current=NEW)
REVERTED = {
    "failed": True,
    "outcome": "reverted",
    "from": OLD,
    "current": OLD,
    "msg": "2.0.0 is not healthy\nFrom its journal:\n  panic: boom\n  in main.main, main.go:7",
}
AWAY = {"unreachable": True, "msg": "Connection timed out"}
NO_USER = {
    "failed": True,
    "outcome": "rejected",
    "msg": "There is no user orders: run slipway.golang.setup",
}


def leases(run):
    return [call["args"].get("state", "present") for call in run.calls if call["call"] == "lease"]


def test_the_hosts_are_asked_all_at_once_and_then_deployed_wave_by_wave(play):
    run = play("deploy", slipway_waves=[1, "100%"])
    assert run.status == 0, run.output
    assert sorted(run.names()) == RELEASES and run.output.count("PLAY [Deploy]") == 2
    assert [call["call"] for call in run.calls][:4] == ["plan", "plan", "plan", "lease"]
    assert "Plan: 3 to change, 0 unchanged" in run.output and "2 waves: 1, 2" in run.output
    assert run.table() == dict.fromkeys(["web1", "web2", "web3"], "ok") and leases(run) == [
        "present",
        "absent",
    ]


def test_it_needs_no_fact_that_ansible_injects_as_a_variable(play):
    """As ansible-core will do by default: facts are in ansible_facts only."""
    answers = {"release web2": REVERTED}
    settings = {"ANSIBLE_INJECT_FACT_VARS": "False"}
    run = play("deploy", answers, settings=settings, slipway_waves=[1, 2], slipway_on_failure="revert_all")
    assert run.status != 0, run.output
    assert sorted(run.names()) == sorted([*RELEASES, "rollback web1", "rollback web3"])
    assert run.table() == {"web1": "rolled back", "web2": "reverted", "web3": "rolled back"}
    assert leases(run) == ["present", "absent"]


def test_the_release_gets_the_plan_that_was_shown(play):
    run = play("deploy")
    for call in run.calls:
        if call["call"] == "release":
            assert call["args"]["plan"]["release"] == NEW and call["args"]["plan"]["current"] == OLD
            assert int(call["args"]["fencing_token"]) == 7


@pytest.mark.parametrize("name", ["deploy", "rollback"])
def test_with_nothing_to_do_the_run_ends_with_the_plan(play, name, tmp_path):
    run = play(name, {"plan": UP_TO_DATE}, slipway_summary="summary.json")
    assert run.status == 0, run.output
    assert {call["call"] for call in run.calls} == {"plan"} and len(run.calls) == 3
    assert "Nothing to do" in run.output and "changed=0" in run.output
    written = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert written["ok"] and [row["outcome"] for row in written["hosts"]] == ["unchanged"] * 3


@pytest.mark.parametrize("answer", [NO_USER, AWAY, {"failed": True, "msg": "no Python"}])
@pytest.mark.parametrize("host", ["web1", "web3"])
def test_a_problem_beyond_the_budget_changes_nothing_anywhere(play, answer, host, tmp_path):
    run = play("deploy", {"plan " + host: answer}, slipway_summary="summary.json")
    assert run.status != 0 and run.names() == [] and leases(run) == []
    assert "1 of 3 hosts of orders have a problem, and slipway_max_failures is 0: %s" % host in run.output
    assert answer["msg"] in run.output and "Nothing was changed" in run.output
    written = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert not written["ok"] and written["failures"] == 1 and written["reason"]


@pytest.mark.parametrize("answer", [NO_USER, AWAY])
def test_within_the_budget_a_host_with_a_problem_is_in_no_wave(play, answer):
    run = play("deploy", {"plan web1": answer}, slipway_max_failures=1)
    assert run.status == 0, run.output
    assert run.names() == RELEASES[1:]
    assert run.table()["web1"] in ("rejected", "unreachable") and run.table()["web2"] == "ok"


def test_a_failure_ends_the_rollout_and_is_printed_once_and_whole(play, tmp_path):
    run = play("deploy", {"release web1": REVERTED}, slipway_waves=[1], slipway_summary="summary.json")
    assert run.status != 0 and run.names() == RELEASES[:1]
    assert run.table() == {"web1": "reverted", "web2": "not reached", "web3": "not reached"}
    lines = run.output.splitlines()
    at = lines.index("web1: reverted: 2.0.0 is not healthy")
    assert lines[at + 1 : at + 3] == ["From its journal:", "  panic: boom"]
    assert run.output.count("panic: boom") == 1 and leases(run) == ["present", "absent"]
    assert "1 of 3 hosts of orders failed, and slipway_max_failures is 0: web1" in run.output
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["failures"] == 1


def test_a_failure_within_the_budget_is_printed_too_and_is_no_error(play):
    run = play("deploy", {"release web1": REVERTED}, slipway_waves=[1], slipway_max_failures=1)
    assert run.status == 0 and run.names() == RELEASES, run.output
    assert run.output.count("panic: boom") == 1 and run.table()["web1"] == "reverted"


def test_a_host_that_is_lost_in_its_wave_is_a_failure(play):
    run = play("deploy", {"release web2": AWAY}, slipway_waves=[1])
    assert run.status != 0 and run.names() == RELEASES[:2]
    assert run.table() == {"web1": "ok", "web2": "unreachable", "web3": "not reached"}


@pytest.mark.parametrize(
    ("on_failure", "back"),
    [("halt", []), ("revert_wave", ["rollback web2"]), ("revert_all", ["rollback web1", "rollback web2"])],
)
def test_hosts_go_back_as_slipway_on_failure_says(play, on_failure, back):
    answers = {"release web3": REVERTED}
    run = play("deploy", answers, slipway_waves=[1, 2], slipway_on_failure=on_failure)
    assert run.status != 0 and [name for name in run.names() if "rollback" in name] == back
    gone = [host for host, outcome in run.table().items() if outcome == "rolled back"]
    assert gone == [name.split()[1] for name in back]


@pytest.mark.parametrize(
    ("host", "change", "reason"),
    [
        ("web1", {"health_problem": "GET /healthz answered 500"}, "GET /healthz answered 500"),
        ("web1", {"unit": {"NRestarts": 2}}, "its process ended and was restarted 2 times"),
        ("web1", {"failed": True, "msg": "no Python"}, "no Python"),
        ("web2", {"health_problem": "GET /healthz answered 500"}, "GET /healthz answered 500"),
    ],
)
def test_a_host_that_is_unhealthy_after_the_soak_goes_back_and_no_wave_follows(play, host, change, reason):
    """The first host, too, whose facts have what came of the preparation."""
    answers = {"release_info " + host: dict(ANSWERS["release_info"], **change)}
    run = play("deploy", answers, slipway_waves=[1], slipway_soak_seconds=1)
    reached = RELEASES[: RELEASES.index("release " + host) + 1]
    assert run.status != 0 and run.names("release_info") == [*reached, "rollback " + host], run.output
    assert run.table()[host] == "rolled back" and run.table()["web3"] == "not reached"
    assert "is unhealthy 1 s later: " + reason in run.output


def test_check_mode_is_the_plan_alone(play):
    run = play("deploy", check=True)
    assert run.status == 0 and {call["call"] for call in run.calls} == {"plan"}, run.output
    assert "Plan: 3 to change" in run.output and "154 kB" in run.output


@pytest.mark.parametrize(("name", "check"), [("deploy", True), ("plan", False)])
def test_the_summary_of_a_plan_says_what_a_deploy_would_change(play, tmp_path, name, check):
    run = play(name, check=check, slipway_source=str(tmp_path), slipway_summary="summary.json")
    assert run.status == 0, run.output
    written = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert written["ok"] and [row["outcome"] for row in written["hosts"]] == ["would change"] * 3
    assert [row["to"] for row in written["hosts"]] == [NEW] * 3


def test_a_held_lease_ends_the_run_before_anything_is_changed(play):
    held = {"failed": True, "msg": "ada@laptop has the lease of orders"}
    run = play("deploy", {"lease": held})
    assert run.status != 0 and run.names() == []
    assert "ada@laptop has the lease of orders. No host was switched" in run.output


def test_a_kept_plan_is_carried_out(play, tmp_path):
    run = play("plan", slipway_source=str(tmp_path), slipway_plan="deploy.plan.json")
    assert run.status == 0 and run.names() == [], run.output
    kept = json.loads((tmp_path / "deploy.plan.json").read_text(encoding="utf-8"))
    assert kept["order"] == ["web1", "web2", "web3"] and kept["hosts"][0]["artifact"] == "0a1b"
    run = play("deploy", slipway_plan="deploy.plan.json")
    assert run.status == 0 and run.names() == RELEASES, run.output


@pytest.mark.parametrize(
    ("answers", "change", "words"),
    [
        ({"plan web2": UP_TO_DATE}, {}, "web2: outcome was change, and is unchanged"),
        ({"plan web2": dict(PLAN, release="3.0.0-a")}, {}, "web2: to was %s, and is 3.0.0-a" % NEW),
        ({}, {"order": ["web3"]}, "the waves are others"),
        ({}, {"hosts": []}, "web1 was not in it"),
        ({}, {"format": 9}, "no plan that this version has written"),
    ],
)
def test_another_plan_than_the_kept_one_is_refused(play, tmp_path, answers, change, words):
    path = tmp_path / "deploy.plan.json"
    play("deploy", check=True, slipway_plan=path.name)
    path.write_text(
        json.dumps(dict(json.loads(path.read_text(encoding="utf-8")), **change)), encoding="utf-8"
    )
    run = play("deploy", answers, slipway_plan=path.name)
    assert run.status != 0 and run.names() == [] and leases(run) == []
    assert words in run.output and "Nothing was changed" in run.output, run.output


@pytest.mark.parametrize(("text", "words"), [(None, "No such file"), ("{", "it is not JSON")])
def test_a_plan_that_cannot_be_read_is_refused(play, tmp_path, text, words):
    if text:
        (tmp_path / "deploy.plan.json").write_text(text, encoding="utf-8")
    run = play("deploy", slipway_plan="deploy.plan.json")
    assert run.status != 0 and run.names() == [] and words in run.output


def test_several_services_in_one_run_have_waves_and_leases_of_their_own(play, tmp_path):
    inventory = tmp_path / "inventory.yml"
    text = inventory.read_text(encoding="utf-8").replace(
        "  hosts: {web1: , web2: , web3: }",
        "  hosts: {web1: {slipway_app: api, slipway_artifacts: [api.tar.gz]}, web2: , web3: }",
    )
    (tmp_path / "api.tar.gz").write_bytes(artifact("api", "2.0.0").tarball)
    inventory.write_text(text, encoding="utf-8")
    run = play("deploy", {"release web1": REVERTED}, slipway_waves=["100%"])
    assert "2 waves: 1, 2" in run.output and run.names() == ["release web1"]
    assert "1 of 1 hosts of api failed" in run.output and run.table()["web2"] == "not reached"
    run = play("deploy", slipway_waves=["100%"])
    assert run.status == 0 and sorted(run.names()) == RELEASES, run.output
    assert [call["args"]["name"] for call in run.calls if call["call"] == "lease"] == ["orders", "orders"]
