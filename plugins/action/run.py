# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of slipway.golang.run: one remote execution, streamed as a release is."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..plugin_utils.engine_action import EngineAction

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "args": {"type": "list", "elements": "str", "required": True},
    "release": {"type": "str", "default": "current"},
    "timeout": {"type": "int", "default": 600},
    "once": {"type": "bool", "default": False},
    "root": {"type": "path"},
}


class ActionModule(EngineAction):
    """Run one command of a release."""

    def run(self, tmp=None, task_vars=None):
        result = ActionBase.run(self, tmp, task_vars)
        arguments = self.validated(ARGUMENTS)
        request = dict(
            arguments,
            step="run",
            check=bool(self._task.check_mode),
            actor=self.actor(),
            deploy_id=str(self._task._uuid),
        )
        with self.failing_into(result):
            result.update(self.execute(request, None, task_vars))
        for name in ("stdout", "stderr"):
            if name in result:
                result[name + "_lines"] = result[name].splitlines()
        return self.with_discovery(result)
