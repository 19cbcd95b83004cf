# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.slipway.golang.plugins.action import logs
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host import engine
from ansible_collections.slipway.golang.plugins.plugin_utils import follow

from ..plugin_utils.test_log_lines import A, line, packed

GIVEN = {name: spec.get("default") for name, spec in logs.ARGUMENTS.items()}
NOON = 1795867200
HOST = {"inventory_hostname": "web1"}


@pytest.fixture
def act(monkeypatch):
    """A function that runs the action plugin, with what the engine answers; it keeps what was asked."""
    requests, started = [], []

    def start(answer, **given):
        action = logs.ActionModule.__new__(logs.ActionModule)
        action._task = SimpleNamespace(check_mode=False, _uuid="42")

        def execute(request, tarball, task_vars):
            requests.append(request)
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)

        arguments = dict(GIVEN, name="orders", **given)
        monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})
        monkeypatch.setattr(action, "validate_argument_spec", lambda spec: (None, arguments), raising=False)
        monkeypatch.setattr(action, "execute", execute, raising=False)
        monkeypatch.setattr(follow, "start", lambda *options: started.append(options))
        return action.run(task_vars=HOST)

    start.requests, start.started = requests, started
    return start


def answer(**more):
    return dict({"packed": packed(line()), "releases": [A], "cursor": "s=1", "now": 0}, **more)


def test_the_engine_has_the_step_and_its_options_as_numbers(act):
    act(answer(), since="2h", until="@%d" % NOON, level="warn", grep="x", release="current")
    (request,) = act.requests
    assert callable(getattr(engine._module_for(request), request["step"]))
    assert (request["since"], request["until"], request["level"]) == ({"ago": 7200}, {"at": NOON}, 4)
    assert (request["grep"], request["release"], request["lines"]) == ("x", "current", 1000)


def test_lines_are_returned_as_values_or_packed(act):
    result = act(answer())
    assert [row["message"] for row in result["lines"]] == ["x"] and "packed" not in result
    assert result["lines"][0]["host"] == "web1" and result["changed"] is False
    result = act(answer(), packed=True)
    assert result["packed"] == packed(line()) and "lines" not in result and act.started == []


@pytest.mark.parametrize(("now", "ahead"), [(-63, -63), (0, 0), (1, 0), (63, 63)])
def test_a_clock_that_differs_is_noticed(act, monkeypatch, now, ahead):
    monkeypatch.setattr(logs.time, "time", lambda: float(NOON))
    assert act(answer(now=NOON + now))["clock_ahead_seconds"] == ahead


def test_time_on_the_way_is_no_difference_of_clocks():
    assert logs._ahead(NOON + 5, NOON, NOON + 9) == 0


@pytest.mark.parametrize(
    "given",
    [
        {"since": "yesterday"},
        {"until": "1"},
        {"lines": 0},
        {"follow": -1},
        {"follow": 5, "until": "10m"},
    ],
)
def test_a_value_that_is_not_usable_fails_the_task(act, given):
    result = act(answer(), **given)
    assert result["failed"] and result["msg"].startswith(sorted(given)[-1] + ": ") and act.requests == []


def test_a_host_that_refuses_fails_the_task(act):
    result = act({"failed": True, "msg": "not root", "outcome": "rejected"}, follow=5, packed=True)
    assert result == {"failed": True, "msg": "not root", "changed": False} and act.started == []
    assert act(SlipwayError("There is no Python 3"))["msg"] == "There is no Python 3"


def test_following_goes_on_where_the_answer_ended(act):
    act(answer(), follow=5, until="@%d" % NOON, packed=True)
    ((path, ask, until, dummy),) = act.started
    assert path.endswith(follow.pipe_of("", "web1")) and until == NOON + 5
    assert act.requests[0]["since"] == {"at": NOON - 600}
    assert act.requests[0]["until"] == {"at": NOON} and not act.requests[0].get("after")
    assert ask(NOON + 2) == {"packed": packed(line())}
    ask(NOON + 4)
    rounds = [(r["since"]["at"], r["until"]["at"], r["cursor"], r["after"]) for r in act.requests[1:]]
    assert rounds == [(NOON, NOON + 2, "s=1", True), (NOON + 2, NOON + 4, "s=1", True)]


def test_a_host_that_is_away_from_the_beginning_is_followed_too(act):
    with pytest.raises(AnsibleConnectionFailure):
        act(AnsibleConnectionFailure("no route"), follow=5, until="@%d" % NOON, packed=True)
    ((dummy, ask, until, dummy),) = act.started
    assert ask(NOON + 2) == {"problem": "no route"} and act.requests[-1]["cursor"] is None
    ask(NOON + 4)
    assert act.requests[-1]["since"] == {"at": NOON}  # it has answered nothing yet


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (SlipwayError("no\nPython"), "no"),
        ({"failed": True, "msg": "not root"}, "not root"),
        ({"failed": True}, "it gave no reason"),
        (AnsibleConnectionFailure("no route\nto host"), "no route"),
    ],
)
def test_a_round_without_an_answer_says_why(given, problem):
    def execute(request):
        if isinstance(given, Exception):
            raise given
        return given

    assert logs.Rounds(execute, {}, NOON, None).ask(NOON + 2) == {"problem": problem}
