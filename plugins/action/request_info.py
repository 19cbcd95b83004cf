# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of slipway.golang.request_info: one remote execution, which changes nothing."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..module_utils.common.errors import InvalidInput
from ..plugin_utils.engine_action import EngineAction

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "seconds": {"type": "int", "required": True},
    "slow_after": {"type": "float"},
    "baseline": {"type": "int", "default": 0},
    "baseline_after": {"type": "int", "default": 0},
}


class ActionModule(EngineAction):
    """Count the requests of one host."""

    def run(self, tmp=None, task_vars=None):
        result = ActionBase.run(self, tmp, task_vars)
        arguments = self.validated(ARGUMENTS)
        with self.failing_into(result):
            if arguments["seconds"] < 1:
                raise InvalidInput("seconds", arguments["seconds"], "use 1 or more")
            result.update(self.execute(dict(arguments, step="requests"), None, task_vars))
        return self.with_discovery(dict(result, changed=False))
