# Copyright (c) 2026, Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of slipway.golang.release_info: one remote execution, which changes nothing."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ..module_utils.common import health
from ..plugin_utils.engine_action import EngineAction

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path"},
    "history": {"type": "int", "default": 10},
    "port": {"type": "int"},
    "health": {"type": "dict", "options": health.OPTIONS, "default": {}},
    "log_lost": {"type": "bool", "default": False},
}


class ActionModule(EngineAction):
    """Read the state of one host."""

    def run(self, tmp=None, task_vars=None):
        result = ActionBase.run(self, tmp, task_vars)
        arguments = self.validated(ARGUMENTS)
        request = dict(arguments, step="info", health=health.given(arguments["health"]))
        with self.failing_into(result):
            result.update(self.execute(request, None, task_vars))
        return self.with_discovery(dict(result, changed=False))
