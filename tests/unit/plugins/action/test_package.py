# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin gives the module the installer, which cannot travel with it."""

from __future__ import annotations

from types import SimpleNamespace
from unittest import mock

import pytest
from ansible_collections.slipway.golang.plugins.action import package


@pytest.fixture
def action():
    """An action with a connection that never connects; ``action.executed`` has how the module is called."""
    task = SimpleNamespace(
        args={}, async_val=0, check_mode=False, diff=False, action="slipway.golang.package"
    )
    connection = mock.Mock(has_native_async=False)
    action = package.ActionModule(task, connection, mock.Mock(), mock.Mock(), mock.Mock(), mock.Mock())
    action.removed = []
    action.executed = {}

    def execute(**options):
        action.executed.update(options)
        return {"changed": True, "artifacts": []}

    action._execute_module = execute
    action._remove_tmp_path = action.removed.append
    return action


def test_the_module_gets_the_installer_of_the_collection(action):
    action._task.args = {"artifacts": [{"path": "/d/orders"}], "dest": "/d"}
    result = action.run(task_vars={"x": 1})
    given = action.executed["module_args"]
    assert given.pop("installer") == package.INSTALLER.read_text(encoding="utf-8")
    assert given == {"artifacts": [{"path": "/d/orders"}], "dest": "/d"}
    assert action.executed["module_name"] == "slipway.golang.package"
    assert action.executed["task_vars"] == {"x": 1}
    assert (result["changed"], result["artifacts"]) == (True, [])


def test_the_installer_is_a_script():
    assert package.INSTALLER.read_bytes().startswith(b"#!/bin/sh\n")


@pytest.mark.parametrize("installer", ["#!/bin/sh\necho mine\n", ""])
def test_an_installer_that_the_user_gives_is_kept(action, installer):
    action._task.args = {"installer": installer}
    action.run()
    assert action.executed["module_args"]["installer"] == installer


def test_the_arguments_of_the_task_are_not_changed(action):
    action._task.args = {"installer": None}
    action.run()
    assert action._task.args == {"installer": None}
    assert action.executed["module_args"]["installer"]


@pytest.mark.parametrize("seconds, wrapped", [(0, False), (60, True)])
def test_a_task_may_be_asynchronous(action, seconds, wrapped):
    action._task.async_val = seconds
    action.run()
    assert bool(action.executed["wrap_async"]) is wrapped
    # The wrapper still needs the directory when the action ends.
    assert action.removed == ([] if wrapped else [action._connection._shell.tmpdir])
