# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of slipway.golang.pgo_measure: one remote execution, and what its numbers say."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..module_utils.common import health, unit
from ..plugin_utils import profiles
from ..plugin_utils.engine_action import EngineAction

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path"},
    "plain": {"type": "path", "required": True},
    "optimised": {"type": "path", "required": True},
    "load": {
        "type": "dict",
        "options": {"path": {"type": "str"}, "command": {"type": "list", "elements": "str"}},
        "default": {},
    },
    "unit": {"type": "dict", "options": unit.OPTIONS, "default": {}},
    "health": {"type": "dict", "options": health.OPTIONS, "default": {}},
    "port": {"type": "int"},
    "port_variable": {"type": "str", "default": "PORT"},
    "rounds": {"type": "int", "default": 9},
    "cpu_seconds": {"type": "float", "default": 1},
}


class ActionModule(EngineAction):
    """Compare two binaries on one host."""

    def run(self, tmp=None, task_vars=None):
        result = ActionBase.run(self, tmp, task_vars)
        arguments = self.validated(ARGUMENTS)
        request = dict(
            arguments,
            step="measure",
            actor=self.actor(),
            health=health.given(arguments["health"]),
            smoke=True,
        )
        if self._task.check_mode:
            return dict(result, skipped=True, msg="In check mode nothing is measured")
        with self.failing_into(result):
            answer = profiles.checked(self.execute(request, None, task_vars))
            gain = profiles.gain(answer.get("turns"))
            kept = {name: answer.get(name) for name in ("release", "requests", "turns")}
            result.update(kept, **gain)
        return self.with_discovery(dict(result, changed=False))
