# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of a profile: what a host answers becomes a file, and nothing else."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.slipway.golang.plugins.action import pgo_measure, profile
from ansible_collections.slipway.golang.plugins.module_utils.common.errors import SlipwayError
from ansible_collections.slipway.golang.plugins.module_utils.host import engine

GIVEN = {
    profile: {
        "name": "orders",
        "root": None,
        "socket": "pprof.sock",
        "port": None,
        "kind": "cpu",
        "seconds": 1,
    },
    pgo_measure: {"name": "orders", "plain": "/a", "optimised": "/b", "load": {}, "health": {}, "unit": {}},
}
ANSWER = {
    "outcome": "ok",
    "changed": False,
    "release": "1.4.2-0a1b2c3d4e5f",
    "version": "1.4.2",
    "artifact": "ab" * 32,
    "target": "linux/amd64/v1",
    "unit": "orders@green.service",
    "address": "/run/orders@green/pprof.sock",
    "pid": 7,
    "seconds": 1.2,
    "profile": base64.b64encode(b"\x1f\x8bprofile").decode(),
}


@pytest.fixture
def act(monkeypatch, tmp_path):
    """A function that runs an action plugin, with what the engine answers: result and request."""

    def start(module, answer, check_mode=False, **given):
        action = module.ActionModule.__new__(module.ActionModule)
        action._task = SimpleNamespace(check_mode=check_mode, _uuid="42")
        arguments = dict(GIVEN[module], dest=str(tmp_path / "dest"), **given)
        requests = []

        def execute(request, tarball, task_vars):
            requests.append(request)
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)

        monkeypatch.setattr(ActionBase, "run", lambda self, tmp, task_vars: {})
        monkeypatch.setattr(action, "validated", lambda spec, **rules: arguments, raising=False)
        monkeypatch.setattr(action, "actor", lambda: "ann@laptop", raising=False)
        monkeypatch.setattr(action, "execute", execute, raising=False)
        return action.run(task_vars={}), requests[-1] if requests else None

    return start


def test_a_profile_becomes_a_file_and_is_not_in_the_result(act, tmp_path):
    result, request = act(profile, ANSWER)
    assert (tmp_path / "dest").read_bytes() == b"\x1f\x8bprofile"
    assert "profile" not in result and result["changed"] is True
    assert (result["path"], result["bytes"]) == (str(tmp_path / "dest"), 9)
    assert (result["unit"], result["pid"], result["seconds"]) == ("orders@green.service", 7, 1.2)
    assert callable(getattr(engine._module_for(request), request["step"]))


def test_check_mode_writes_nothing(act, tmp_path):
    answer = {key: value for key, value in ANSWER.items() if key != "profile"}
    result, request = act(profile, answer, check_mode=True)
    assert request["check"] is True and result["release"] == ANSWER["release"]
    assert result["changed"] is False and not (tmp_path / "dest").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"release": "../../etc/cron.d/x"},
        {"version": ".."},
        {"version": "1..2"},
        {"artifact": ["a"]},
        {"target": "linux/amd64 -toolexec=x"},
        {"unit": "a\x1b[2J"},
        {"pid": "x"},
        {"profile": None},
        {"profile": "§"},
    ],
)
def test_an_answer_that_makes_no_sense_fails_and_writes_nothing(act, tmp_path, change):
    result = act(profile, dict(ANSWER, **change))[0]
    assert result["failed"] and not (tmp_path / "dest").exists() and "path" not in result


def test_a_host_cannot_name_a_file_of_the_controller(act):
    result = act(profile, dict(ANSWER, path="/etc/passwd", profile=None))[0]
    assert "path" not in result
    result = act(profile, dict(ANSWER, path="/etc/passwd"), check_mode=True)[0]
    assert "path" not in result


@pytest.mark.parametrize("module", [profile, pgo_measure])
@pytest.mark.parametrize(
    "answer",
    [
        {"failed": True, "outcome": "rejected", "msg": "it does not run\x1b[2J"},
        SlipwayError("it does not run?[2J"),
    ],
)
def test_why_a_host_fails_is_said(act, module, answer):
    result = act(module, answer)[0]
    assert (result["failed"], result["msg"]) == (True, "it does not run?[2J")


def test_a_file_that_cannot_be_written(act, tmp_path):
    (tmp_path / "dest").mkdir()
    result = act(profile, ANSWER)[0]
    assert "cannot be written on the controller" in result["msg"]


def test_a_measurement_is_returned_with_its_gain(act):
    turns = [[1.0, 0.9]] * 9
    result, request = act(
        pgo_measure, {"outcome": "ok", "turns": turns, "requests": 500, "release": "x", "y": 1}
    )
    assert (result["gain"], result["worth"], result["requests"], result["turns"]) == (0.1, True, 500, turns)
    assert "y" not in result and result["changed"] is False
    assert callable(getattr(engine._module_for(request), request["step"]))


def test_a_measurement_without_numbers_fails(act):
    assert act(pgo_measure, {"outcome": "ok"})[0]["failed"]
    assert act(pgo_measure, {}, check_mode=True) == (
        {"skipped": True, "msg": "In check mode nothing is measured"},
        None,
    )
