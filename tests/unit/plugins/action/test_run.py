# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.slipway.golang.plugins.action import run
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host import engine

GIVEN = {
    "name": "orders",
    "args": ["migrate"],
    "release": "current",
    "timeout": 5,
    "once": False,
    "root": None,
}


@pytest.fixture
def act(monkeypatch):
    """A function that runs the action plugin, with what the engine answers; requests are kept."""
    requests = []

    def start(answer, check_mode=False):
        action = run.ActionModule.__new__(run.ActionModule)
        action._task = SimpleNamespace(check_mode=check_mode, _uuid="42")

        def execute(request, tarball, task_vars):
            requests.append(request)
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})
        monkeypatch.setattr(action, "validate_argument_spec", lambda spec: (None, dict(GIVEN)), raising=False)
        monkeypatch.setattr(action, "actor", lambda: "ann@laptop", raising=False)
        monkeypatch.setattr(action, "execute", execute, raising=False)
        return action.run(task_vars={}), requests[-1]

    return start


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_engine_has_the_step_of_the_request(act, check_mode):
    result, request = act({"changed": True, "outcome": "ok", "msg": "Would run"}, check_mode)
    assert result == {"changed": True, "msg": "Would run"}
    assert request["check"] is check_mode and request["actor"] == "ann@laptop"
    assert callable(getattr(engine._module_for(request), request["step"]))


def test_output_is_returned_as_lines_too(act):
    result, dummy = act({"changed": True, "rc": 0, "stdout": "a\nb\n", "stderr": ""})
    assert (result["stdout_lines"], result["stderr_lines"]) == (["a", "b"], [])


def test_a_host_without_the_engine_fails_the_task(act):
    result, dummy = act(SlipwayError("There is no Python 3", hint="x"))
    assert result == {"failed": True, "msg": "There is no Python 3", "hint": "x"}
