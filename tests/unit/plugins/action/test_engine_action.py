# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task with `until` runs the same action plugin again and again."""

from __future__ import annotations

import copy
import importlib
from types import SimpleNamespace

import pytest

ACTIONS = "ansible_collections.slipway.golang.plugins.action."
ARGS = {
    "release": {"name": "orders", "release": "previous"},
    "release_info": {"name": "orders"},
    "lease": {"name": "orders", "state": "absent", "id": "7b0d"},
}


@pytest.mark.parametrize("name", sorted(ARGS))
def test_a_second_try_checks_the_same_arguments_and_counts_anew(name):
    plugin = importlib.import_module(ACTIONS + name)
    before = copy.deepcopy(plugin.ARGUMENTS)
    action = plugin.ActionModule.__new__(plugin.ActionModule)
    action._task = SimpleNamespace(args=ARGS[name], action="slipway.golang." + name)
    first = action.validated(plugin.ARGUMENTS)
    action.executions, action.transferred = 2, 1000
    assert action.validated(plugin.ARGUMENTS) == first
    assert (action.executions, action.transferred) == (0, 0)
    assert before == plugin.ARGUMENTS
