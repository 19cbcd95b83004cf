# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""slipway_drain_tasks: around the release of every host that changes."""

from __future__ import annotations

import json

import pytest

from .stub import PLAN

# The stub's answer is that of a load balancer.
TASKS = """---
- name: Call the load balancer
  slipway.golang.release_info:
    name: balancer
"""
AWAY = {"unreachable": True, "msg": "no route to the balancer"}


@pytest.fixture
def drained(play, tmp_path):
    """A function that deploys with the drain tasks, as ``play`` does."""
    (tmp_path / "drain.yml").write_text(TASKS, encoding="utf-8")

    def run(answers=None, **variables):
        return play("deploy", answers, slipway_drain_tasks="drain.yml", **variables)

    return run


def test_hosts_that_change_are_drained_first(drained):
    up_to_date = dict(PLAN, changed=False)
    run = drained({"plan web2": up_to_date}, slipway_waves=[1])
    assert run.status == 0, run.output
    assert run.names() == ["release_info web1", "release web1", "release_info web3", "release web3"]


@pytest.mark.parametrize("answer", [AWAY, {"failed": True, "msg": "the balancer says no"}])
@pytest.mark.parametrize("host", ["web1", "web2"])
def test_a_host_whose_drain_fails_is_not_released_and_the_others_of_the_wave_go_on(
    drained, host, answer, tmp_path
):
    """Ansible removes a host from the run if a task cannot reach it, and with web1 the one with the lease."""
    run = drained({"release_info " + host: answer}, slipway_waves=[3], slipway_summary="summary.json")
    others = [name for name in ("web1", "web2", "web3") if name != host]
    assert run.status != 0, run.output
    assert sorted(name for name in run.names("release_info")) == ["release " + name for name in others]
    assert run.table() == {host: "failed", **dict.fromkeys(others, "ok")}, run.output
    assert "1 of 3 hosts of orders failed, and slipway_max_failures is 0: %s" % host in run.output
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["failures"] == 1
    leases = [call["args"].get("state", "present") for call in run.calls if call["call"] == "lease"]
    assert leases == ["present", "absent"]


def test_a_host_that_has_migrated_and_is_lost_then_is_no_success(drained):
    run = drained({"release_info web1": AWAY}, slipway_waves=[3], slipway_migrate=["migrate", "up"])
    assert run.names("release_info")[:2] == ["stage web1", "run web1"]
    assert run.status != 0 and run.table() == {"web1": "failed", "web2": "ok", "web3": "ok"}, run.output


def test_the_others_go_back_if_they_have_to(drained):
    answers = {"release_info web1": AWAY}
    run = drained(answers, slipway_waves=[3], slipway_on_failure="revert_all")
    assert run.table() == {"web1": "failed", "web2": "rolled back", "web3": "rolled back"}, run.output


def test_each_reason_of_a_loop_is_in_the_table(drained, tmp_path):
    looped = TASKS + "  loop: [lb1, lb2]\n"
    answer = {"failed": True, "msg": "the last server is not drained"}
    (tmp_path / "drain.yml").write_text(looped, encoding="utf-8")
    run = drained({"release_info web1": answer})
    assert run.status != 0 and "web1: failed: the last server is not drained" in run.output, run.output
    assert "One or more items failed" not in run.output.partition("READY MS")[2].partition("TASK")[0]
