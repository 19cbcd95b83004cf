# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of a drill: what it asks of the host, and what it makes of the answers."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.slipway.golang.plugins.action import drill
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.common.health import Attempt
from ansible_collections.slipway.golang.plugins.module_utils.host import engine

BEGUN = {
    "outcome": "ok",
    "does": "kills process 7",
    "release": "1.0.0-0a1b2c3d4e5f",
    "ends_by_itself_after": 11,
    "lasted": 0.25,
}
WELL = {"healthy": True, "running": {"pid": 8}, "health_problem": None}
GIVEN = {
    "name": "orders",
    "fault": "kill",
    "seconds": 1,
    "patience": 2,
    "lost_at_most": None,
    "seconds_at_most": None,
    "ask": {"path": "/", "port": 80},
    "health": {},
    "port": 8080,
    "port_variable": "PORT",
    "alternate_port": None,
    "root": None,
}


@pytest.fixture
def act(monkeypatch):
    """A function that runs a drill on a host with these answers (step to answer): result and steps."""

    def start(answers, asked=lambda check: Attempt(True), check_mode=False, **given):
        action = drill.ActionModule.__new__(drill.ActionModule)
        action._task = SimpleNamespace(check_mode=check_mode, args={"fault": "kill"}, delegate_to=None)
        action._connection = SimpleNamespace(reset=lambda: None)
        requests = []

        def execute(request, tarball, task_vars):
            requests.append(request)
            answer = answers[request["step"]]
            answer = answer.pop(0) if isinstance(answer, list) else answer
            answer = answer() if callable(answer) else answer
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)

        monkeypatch.setattr(drill, "AGAIN_SECONDS", 0.05)
        monkeypatch.setattr(drill.drills, "PERIOD", 0.02)
        monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})
        monkeypatch.setattr(drill.drills.Asker.__init__, "__defaults__", (asked,))
        monkeypatch.setattr(action, "validated", lambda spec, **rules: dict(GIVEN, **given), raising=False)
        monkeypatch.setattr(action, "actor", lambda: "ann@laptop", raising=False)
        monkeypatch.setattr(action, "execute", execute, raising=False)
        monkeypatch.setattr(action, "with_discovery", lambda result: result, raising=False)
        return action.run(task_vars={"inventory_hostname": "web1"}), requests

    return start


def steps(requests):
    return [request["step"] for request in requests]


def test_it_begins_lasts_ends_and_is_well_again(act, monkeypatch):
    slept = []
    monkeypatch.setattr(
        drill.time, "sleep", lambda seconds, sleep=time.sleep: slept.append(seconds) or sleep(seconds)
    )
    result, requests = act({"begin_drill": BEGUN, "end_drill": {"changed": True}, "info": WELL})
    assert 0.75 in slept  # of one second, what the host has not had yet
    assert steps(requests) == ["begin_drill", "end_drill", "info"]
    assert (result["verdict"], result["passed"], result["changed"], result["lost"]) == ("held", True, True, 0)
    assert result["asked"] >= 10 and result["does"] == "kills process 7"
    begin = requests[0]
    assert (begin["fault"], begin["seconds"], begin["actor"]) == ("kill", 1, "ann@laptop") and begin["id"]
    assert not {"ask", "patience", "lost_at_most"} & set(begin)


@pytest.mark.parametrize("step", ["begin_drill", "end_drill", "info"])
def test_the_engine_has_the_steps(step):
    assert callable(getattr(engine._module_for({"step": step}), step))


def test_a_host_that_reboots_is_asked_again(act):
    gone = AnsibleConnectionFailure("no route to host")
    unhealthy = {"healthy": False, "health_problem": "answered 503", "running": {"pid": 8}}
    answers = {"begin_drill": BEGUN, "end_drill": [gone, {"changed": False}], "info": [gone, unhealthy, WELL]}
    result, requests = act(answers, fault="reboot", patience=30)
    assert steps(requests) == ["begin_drill", "end_drill", "end_drill", "info", "info", "info"]
    assert result["verdict"] == "held"


def test_it_broke_if_it_is_not_healthy_in_time(act):
    unhealthy = {"healthy": False, "health_problem": "answered 503", "running": {"pid": 8}}
    result, dummy = act({"begin_drill": BEGUN, "end_drill": {}, "info": unhealthy}, patience=1)
    assert (result["verdict"], result["failed"], result["passed"]) == ("broke", True, False)
    assert "answered 503" in result["msg"]


def test_it_broke_if_the_answers_from_outside_stay_bad(act):
    begun = []
    result, dummy = act(
        {"begin_drill": lambda: begun.append(True) or BEGUN, "end_drill": {}, "info": WELL},
        asked=lambda check: Attempt(False, "answered 502") if begun else Attempt(True),
        patience=1,
    )
    assert result["verdict"] == "broke" and "requests from the controller are still lost" in result["msg"]
    assert result["lost"] >= 10 and "the first: answered 502" in result["msg"]


def test_nothing_is_broken_where_there_is_no_answer_before(act):
    result, requests = act({}, asked=lambda check: Attempt(False, "connection refused"))
    assert (result["verdict"], result["failed"], requests) == ("refused", True, [])
    assert "connection refused. See slipway_ask" in result["msg"]


@pytest.mark.parametrize("outcome", ["refused", "aborted"])
def test_what_the_host_says_of_its_end_is_the_verdict(act, outcome):
    said = {"failed": True, "outcome": outcome, "msg": "it needs nft"}
    result, requests = act({"begin_drill": said})
    assert (result["verdict"], result["failed"]) == (outcome, True) and "it needs nft" in result["msg"]
    assert steps(requests) == ["begin_drill"]


@pytest.mark.parametrize(
    "answer",
    [{"failed": True, "outcome": "unknown", "msg": "KeyError"}, AnsibleConnectionFailure("broken pipe")],
)
def test_where_nobody_knows_whether_it_began_it_is_ended(act, answer):
    result, requests = act({"begin_drill": answer, "end_drill": {"changed": True}})
    assert result["verdict"] == "aborted" and "It is over" in result["msg"]
    assert steps(requests) == ["begin_drill", "end_drill"]


def test_check_mode_breaks_and_asks_nothing(act):
    result, requests = act({"begin_drill": BEGUN}, check_mode=True)
    assert requests[0]["check"] and steps(requests) == ["begin_drill"]
    assert result["msg"].startswith("Would be: kills process 7, while GET http://127.0.0.1:80/ is asked")


@pytest.mark.parametrize(
    "variables, host",
    [({}, "web1"), ({"ansible_host": "10.0.0.1"}, "10.0.0.1"), ({"slipway_address": "a"}, "a")],
)
def test_without_a_question_the_health_check_is_asked_from_here(variables, host):
    action = drill.ActionModule.__new__(drill.ActionModule)
    action.host = "web1"
    arguments = {"ask": {}, "health": {"path": "/healthz"}, "port": 8080}
    assert action._asked(arguments, variables) == {"path": "/healthz", "host": host, "port": 8080}


@pytest.mark.parametrize("own", [{"type": "none"}, {"command": ["true"]}, {"socket": "/run/a", "path": "/"}])
def test_a_check_that_works_on_the_host_only_is_a_connection_from_here(own):
    action = drill.ActionModule.__new__(drill.ActionModule)
    action.host = "web1"
    assert action._asked({"ask": {}, "health": own, "port": 8080}, {}) == {"host": "web1", "port": 8080}
    with pytest.raises(SlipwayError, match="set slipway_ask"):
        action._asked({"ask": {}, "health": own, "port": None}, {})
